"""One small file per language, with what it defines and where it is cut into chunks of at most 12 lines."""

from __future__ import annotations

from typing import NamedTuple


class Sample(NamedTuple):
    """A file and what is expected of it.

    Attributes:
        outline: "first-last kind path" of each symbol.
        chunks: "first-last path: names" of each chunk, "-" for a chunk without a symbol.
    """

    path: str
    text: str
    outline: list[str]
    chunks: list[str]


SAMPLES = {
    "python": Sample(
        "shop/cart.py",
        '''\
"""Carts."""

import os

LIMIT = 20


@dataclass
class Cart:
    """What a customer is about to buy."""

    owner: str
    items: list = field(default_factory=list)

    @property
    def total(self) -> int:
        # Prices are in cents.
        return sum(item.price for item in self.items)

    async def check_out(self, *, at: str) -> Order:
        order = Order(self.owner)
        for item in self.items:
            order.add(item)
        await order.send(at)
        return order


if os.name == "nt":

    def path() -> str:
        return "C:"
''',
        outline=[
            "5-5 constant LIMIT",
            "8-25 class Cart",
            "12-12 property Cart.owner",
            "13-13 property Cart.items",
            "15-18 method Cart.total",
            "20-25 method Cart.check_out",
            "30-31 function path",
        ],
        chunks=[
            "1-7 -: LIMIT",
            "8-19 Cart: Cart owner items total",
            "20-27 Cart.check_out: check_out",
            "28-31 -: path",
        ],
    ),
    "javascript": Sample(
        "lib/app.js",
        """\
"use strict";
const http = require("node:http");

const LIMIT = 20;

/** Answers requests. */
class Server extends Base {
  #port = 1;

  async listen(port) {
    this.#port = port;
    await super.listen(port);
    return this;
  }
}

app.use = function use(path, handler) {
  this.handlers.push({ path, handler });
  this.handlers.sort();
  this.changed = true;
  return this;
};

module.exports = { Server };
export const twice = (n) => n * 2;
""",
        outline=[
            "4-4 constant LIMIT",
            "6-15 class Server",
            "8-8 property Server.#port",
            "10-14 method Server.listen",
            "17-22 method app.use",
            "25-25 function twice",
        ],
        chunks=[
            "1-5 -: LIMIT",
            "6-16 Server: Server #port listen",
            "17-23 app.use: use",
            "24-25 twice: twice",
        ],
    ),
    "typescript": Sample(
        "src/store.ts",
        """\
import { Row } from "./row";

export interface Store<T> {
  get(id: string): Promise<T>;
}
export type Id = string | number;
export enum State { Open, Closed }

@Injectable()
export class RowStore implements Store<Row> {
  private rows = new Map<string, Row>();

  constructor(private readonly url: string) {}

  async get(id: string): Promise<Row> {
    const found = this.rows.get(id);
    if (!found) {
      throw new Error(id);
    }
    return found;
  }
}

export const open = async (url: string): Promise<RowStore> => new RowStore(url);
namespace Legacy {
  export function load(): void {}
}
""",
        outline=[
            "3-5 interface Store",
            "4-4 method Store.get",
            "6-6 type Id",
            "7-7 enum State",
            "9-22 class RowStore",
            "11-11 property RowStore.rows",
            "13-13 method RowStore.constructor",
            "15-21 method RowStore.get",
            "24-24 function open",
            "25-27 module Legacy",
            "26-26 function Legacy.load",
        ],
        chunks=[
            "1-8 -: Store get Id State",
            "9-14 RowStore: RowStore rows constructor",
            "15-23 RowStore.get: get",
            "24-27 -: open Legacy load",
        ],
    ),
    "tsx": Sample(
        "src/App.tsx",
        """\
import React from "react";

type Props = { name: string };

export default function App({ name }: Props) {
  const [open, setOpen] = React.useState(false);
  return (
    <main>
      <h1>{name}</h1>
      <button onClick={() => setOpen(!open)}>Toggle</button>
    </main>
  );
}

export const Badge = React.memo(({ name }: Props) => <b>{name}</b>);
""",
        outline=[
            "3-3 type Props",
            "5-13 function App",
            "15-15 constant Badge",
        ],
        chunks=[
            "1-4 Props: Props",
            "5-14 App: App",
            "15-15 Badge: Badge",
        ],
    ),
    "go": Sample(
        "server/server.go",
        """\
package server

import "net/http"

const (
\tfirst  = 1
\tsecond = 2
)

// Server answers requests.
type Server struct {
\tmux *http.ServeMux
}

type Handler interface {
\tHandle(r *http.Request) error
}

// Close ends the server.
func (s *Server) Close() error {
\tif s.mux == nil {
\t\treturn nil
\t}
\ts.mux = nil
\treturn nil
}

func New() *Server { return &Server{} }
""",
        outline=[
            "6-6 constant first",
            "7-7 constant second",
            "10-13 struct Server",
            "15-17 interface Handler",
            "16-16 method Handler.Handle",
            "19-26 method Server.Close",
            "28-28 function New",
        ],
        chunks=[
            "1-9 -: first second",
            "10-18 -: Server Handler Handle",
            "19-27 Server.Close: Close",
            "28-28 New: New",
        ],
    ),
    "rust": Sample(
        "src/lib.rs",
        """\
use std::fmt;

const LIMIT: usize = 20;

/// A point in the plane.
#[derive(Debug, Clone)]
pub struct Point<T> {
    x: T,
}

impl<T: fmt::Debug> Point<T> {
    /// Make a point.
    pub fn new(x: T) -> Self {
        Self { x }
    }
}

pub trait Shape {
    fn area(&self) -> f64;
}

macro_rules! square {
    ($x:expr) => {
        $x * $x
    };
}

#[cfg(test)]
mod tests {
    #[test]
    fn squares() {
        assert_eq!(square!(2), 4);
    }
}
""",
        outline=[
            "3-3 constant LIMIT",
            "5-9 struct Point",
            "11-16 implementation Point",
            "12-15 method Point.new",
            "18-20 trait Shape",
            "19-19 method Shape.area",
            "22-26 macro square",
            "28-34 module tests",
            "30-33 function tests.squares",
        ],
        chunks=[
            "1-10 -: LIMIT Point",
            "11-17 Point: Point new",
            "18-27 -: Shape area square",
            "28-34 tests: tests squares",
        ],
    ),
    "java": Sample(
        "src/Cart.java",
        """\
package shop;

import java.util.List;

/** What a customer is about to buy. */
@Entity
public class Cart extends Base {
  static final int LIMIT = 20;

  private final List<Item> items;

  public Cart(List<Item> items) {
    this.items = items;
  }

  @Override
  public int total() {
    int sum = 0;
    for (Item item : items) {
      sum += item.price();
    }
    return sum;
  }

  enum State { OPEN, CLOSED }
}

interface Priced {
  int price();
}
""",
        outline=[
            "5-26 class Cart",
            "8-8 property Cart.LIMIT",
            "10-10 property Cart.items",
            "12-14 method Cart.Cart",
            "16-23 method Cart.total",
            "25-25 enum Cart.State",
            "28-30 interface Priced",
            "29-29 method Priced.price",
        ],
        chunks=[
            "1-4 -:",
            "5-15 Cart: Cart LIMIT items Cart",
            "16-24 Cart.total: total",
            "25-27 Cart.State: State",
            "28-30 Priced: Priced price",
        ],
    ),
    "c": Sample(
        "src/list.c",
        """\
#include <stdlib.h>

#define LIMIT 20
#define MAX(a, b) ((a) > (b) ? (a) : (b))

typedef struct node {
    struct node *next;
} node_t;

static int count;
int list_length(const node_t *node);

#ifdef DEBUG
/* Prints a node. */
static void list_print(const node_t *node)
{
    printf("%p", node);
}
#endif

node_t *list_push(node_t *head)
{
    node_t *node = malloc(sizeof(*node));
    if (node == NULL) {
        return head;
    }
    node->next = head;
    return node;
}
""",
        outline=[
            "3-3 macro LIMIT",
            "4-4 macro MAX",
            "6-8 type node_t",
            "10-10 constant count",
            "11-11 function list_length",
            "14-18 function list_print",
            "21-29 function list_push",
        ],
        chunks=[
            "1-10 -: LIMIT MAX node_t count",
            "11-20 -: list_length list_print",
            "21-29 list_push: list_push",
        ],
    ),
    "cpp": Sample(
        "src/shape.cpp",
        """\
#include "shape.h"

namespace geometry {

// A shape.
template <typename T>
class Shape : public Base {
 public:
  Shape() = default;
  ~Shape() {}
  virtual T area() const = 0;

 private:
  T size_;
};

template <typename T>
void Shape<T>::grow(T by) {
  if (by < 0) {
    throw std::invalid_argument("by");
  }
  size_ += by;
  notify();
}

bool operator==(const Point& a, const Point& b) { return a.x == b.x; }
enum class Side { Left, Right };
using Length = double;

}  // namespace geometry
""",
        outline=[
            "3-30 module geometry",
            "5-15 class geometry.Shape",
            "9-9 method geometry.Shape.Shape",
            "10-10 method geometry.Shape.~Shape",
            "11-11 method geometry.Shape.area",
            "17-24 method geometry.Shape.grow",
            "26-26 function geometry.operator==",
            "27-27 enum geometry.Side",
            "28-28 type geometry.Length",
        ],
        chunks=[
            "1-4 geometry: geometry",
            "5-16 geometry.Shape: Shape Shape ~Shape area",
            "17-25 geometry.Shape.grow: grow",
            "26-30 geometry: operator== Side Length",
        ],
    ),
    "csharp": Sample(
        "src/Cart.cs",
        """\
using System;

namespace Shop.Model
{
    /// <summary>What a customer is about to buy.</summary>
    [Serializable]
    public class Cart : Base
    {
        private readonly int limit = 20;

        public int Total { get; set; }

        public Cart(int limit)
        {
            this.limit = limit;
        }

        public int Add(Item item) => Total += item.Price;
    }

    public interface IPriced { int Price { get; } }

    public record Item(int Price);
}
""",
        outline=[
            "3-24 module Model",
            "5-19 class Model.Cart",
            "9-9 property Model.Cart.limit",
            "11-11 property Model.Cart.Total",
            "13-16 method Model.Cart.Cart",
            "18-18 method Model.Cart.Add",
            "21-21 interface Model.IPriced",
            "21-21 property Model.IPriced.Price",
            "23-23 struct Model.Item",
        ],
        chunks=[
            "1-4 Model: Model",
            "5-7 Model.Cart: Cart",
            "8-19 Model.Cart: limit Total Cart Add",
            "20-24 Model: IPriced Price Item",
        ],
    ),
    "ruby": Sample(
        "lib/cart.rb",
        """\
require "json"

module Shop
  LIMIT = 20

  # What a customer is about to buy.
  class Cart < Base
    attr_reader :items

    def initialize(items)
      @items = items
    end

    def total
      sum = 0
      items.each do |item|
        sum += item.price
      end
      sum
    end

    def self.empty
      new([])
    end
  end
end
""",
        outline=[
            "3-26 module Shop",
            "4-4 constant Shop.LIMIT",
            "6-25 class Shop.Cart",
            "10-12 method Shop.Cart.initialize",
            "14-20 method Shop.Cart.total",
            "22-24 method Shop.Cart.empty",
        ],
        chunks=[
            "1-5 Shop: Shop LIMIT",
            "6-13 Shop.Cart: Cart initialize",
            "14-21 Shop.Cart.total: total",
            "22-26 Shop.Cart.empty: empty",
        ],
    ),
    "php": Sample(
        "src/Cart.php",
        """\
<?php

namespace Shop;

use Countable;

const LIMIT = 20;

/** What a customer is about to buy. */
final class Cart implements Countable
{
    private array $items = [];

    public function count(): int
    {
        return count($this->items);
    }
}

interface Priced
{
    public function price(): int;
}

function total(array $items): int
{
    $sum = 0;
    foreach ($items as $item) {
        $sum += $item->price();
    }
    return $sum;
}
""",
        outline=[
            "7-7 constant LIMIT",
            "9-18 class Cart",
            "12-12 property Cart.items",
            "14-17 method Cart.count",
            "20-23 interface Priced",
            "22-22 method Priced.price",
            "25-32 function total",
        ],
        chunks=[
            "1-8 -: LIMIT",
            "9-19 Cart: Cart items count",
            "20-24 Priced: Priced price",
            "25-32 total: total",
        ],
    ),
    "bash": Sample(
        "bin/build.sh",
        """\
#!/usr/bin/env bash
set -euo pipefail

TARGET=release
export CACHE=/var/cache

# Build one part.
build() {
  local part=$1
  make "$part"
}

function clean {
  rm -rf out
}

for part in core doors; do
  build "$part"
done
""",
        outline=[
            "4-4 constant TARGET",
            "5-5 constant CACHE",
            "7-11 function build",
            "13-15 function clean",
        ],
        chunks=[
            "1-12 -: TARGET CACHE build",
            "13-19 clean: clean",
        ],
    ),
    "kotlin": Sample(
        "src/Cart.kt",
        """\
package shop

import java.util.UUID

const val LIMIT = 20

/** What a customer is about to buy. */
@Serializable
data class Cart(val owner: String) : Base() {
    val items = mutableListOf<Item>()

    fun total(): Int {
        return items.sumOf { it.price }
    }

    companion object {
        fun empty(): Cart = Cart("")
    }
}

interface Priced {
    fun price(): Int
}

object Carts {
    fun all(): List<Cart> = emptyList()
}

fun String.asCart(): Cart = Cart(this)
typealias Owner = String
""",
        outline=[
            "5-5 constant LIMIT",
            "7-19 class Cart",
            "10-10 property Cart.items",
            "12-14 method Cart.total",
            "17-17 method Cart.empty",
            "21-23 interface Priced",
            "22-22 method Priced.price",
            "25-27 class Carts",
            "26-26 method Carts.all",
            "29-29 function asCart",
            "30-30 type Owner",
        ],
        chunks=[
            "1-7 -: LIMIT",
            "8-19 Cart: Cart items total empty",
            "20-30 -: Priced price Carts all asCart Owner",
        ],
    ),
    "scala": Sample(
        "src/Cart.scala",
        """\
package shop

import scala.util.Try

/** What a customer is about to buy. */
case class Cart(owner: String) extends Base {
  val limit = 20

  def total: Int = {
    val prices = items.map(_.price)
    prices.sum
  }
}

trait Priced {
  def price: Int
}

object Cart {
  type Owner = String
  def empty: Cart = Cart("")
}
""",
        outline=[
            "5-13 class Cart",
            "7-7 property Cart.limit",
            "9-12 method Cart.total",
            "15-17 trait Priced",
            "16-16 method Priced.price",
            "19-22 class Cart",
            "20-20 type Cart.Owner",
            "21-21 method Cart.empty",
        ],
        chunks=[
            "1-4 -:",
            "5-14 Cart: Cart limit total",
            "15-22 -: Priced price Cart Owner empty",
        ],
    ),
    "sql": Sample(
        "db/schema.sql",
        """\
-- What a customer is about to buy.
CREATE TABLE shop.cart (
    id uuid PRIMARY KEY,
    owner text NOT NULL
);

CREATE INDEX cart_owner ON shop.cart (owner);
CREATE VIEW open_cart AS SELECT * FROM shop.cart;

CREATE FUNCTION total(cart uuid) RETURNS int LANGUAGE sql AS $$
    SELECT sum(price) FROM item WHERE item.cart = cart;
$$;

INSERT INTO shop.cart VALUES (1);
""",
        outline=[
            "1-5 table shop.cart",
            "7-7 index cart_owner",
            "8-8 view open_cart",
            "10-12 function total",
        ],
        chunks=[
            "1-7 -: cart cart_owner",
            "8-14 -: open_cart total",
        ],
    ),
    "html": Sample(
        "web/index.html",
        """\
<!doctype html>
<html>
  <head>
    <title>Shop</title>
    <script>
      start();
    </script>
  </head>
  <body>
    <section id="cart" class="wide">
      <h1>Cart</h1>
      <p>Empty.</p>
      <table>
        <tr><td>1</td></tr>
        <tr><td>2</td></tr>
      </table>
    </section>
    <section id="orders">
      <h1>Orders</h1>
      <ul>
        <li>One</li>
      </ul>
    </section>
  </body>
</html>
""",
        outline=[
            "10-17 section cart",
            "18-23 section orders",
        ],
        chunks=[
            "1-9 -:",
            "10-17 cart: cart",
            "18-25 orders: orders",
        ],
    ),
    "css": Sample(
        "web/site.css",
        """\
@import "reset.css";

/* Buttons. */
.button,
a.button:hover {
  color: red;
}

@media (max-width: 600px) {
  .cart {
    display: none;
  }
}

@keyframes spin {
  from { rotate: 0deg; }
}
""",
        outline=[
            "3-7 rule .button, a.button:hover",
            "10-12 rule .cart",
            "15-17 rule spin",
        ],
        chunks=[
            "1-8 .button, a.button:hover: .button, a.button:hover",
            "9-17 -: .cart spin",
        ],
    ),
    "json": Sample(
        "package.json",
        """\
{
  "name": "shop",
  "scripts": {
    "build": "tsc",
    "test": "vitest"
  },
  "files": [
    "lib",
    "bin"
  ]
}
""",
        outline=[
            "2-2 key name",
            "3-6 key scripts",
            "7-10 key files",
        ],
        chunks=[
            "1-11 -: name scripts files",
        ],
    ),
    "toml": Sample(
        "pyproject.toml",
        """\
title = "shop"

# What is built.
[project]
name = "shop"
version = "1.0"

[tool.ruff.lint]
select = ["ALL"]

[[tool.index]]
url = "https://example.org"
""",
        outline=[
            "1-1 key title",
            "3-7 table project",
            "8-10 table tool.ruff.lint",
            "11-12 table tool.index",
        ],
        chunks=[
            "1-12 -: title project tool.ruff.lint tool.index",
        ],
    ),
    "yaml": Sample(
        ".github/workflows/ci.yml",
        """\
name: ci
on:
  push:
    branches: [main]

# Everything runs here.
jobs:
  test:
    runs-on: linux
    steps:
      - run: make test
""",
        outline=[
            "1-1 key name",
            "2-6 key on",
            "7-11 key jobs",
        ],
        chunks=[
            "1-11 -: name on jobs",
        ],
    ),
    "markdown": Sample(
        "README.md",
        """\
Shop
====

Sells things.

## Install

```sh
# not a heading
pip install shop
```

### From source

Build it.

## Use

Run it.
""",
        outline=[
            "1-19 section Shop",
            "6-16 section Shop.Install",
            "13-16 section Shop.Install.From source",
            "17-19 section Shop.Use",
        ],
        chunks=[
            "1-5 Shop: Shop",
            "6-16 Shop.Install: Install From source",
            "17-19 Shop.Use: Use",
        ],
    ),
}
