"""From a file's name, and its first line where the name does not tell, to its language."""

from __future__ import annotations

import re
from pathlib import PurePosixPath

from moorage.codebase.languages import documents, programming
from moorage.codebase.languages.headings import CODE_HEADING
from moorage.codebase.languages.language import Language

PLAIN_TEXT = Language("text")

# Languages without a grammar here: known by name, outlined by the words that open a definition.
_OUTLINED = {
    name: Language(name, heading=CODE_HEADING)
    for name in (
        "clojure", "crystal", "dart", "elixir", "fsharp", "graphql", "groovy", "haskell", "julia", "lua", "nim",
        "objectivec", "ocaml", "perl", "powershell", "protobuf", "r", "solidity", "swift", "vb", "zig",
    )
}  # fmt: skip

_WITH_TABLES = (
    programming.PYTHON, programming.JAVASCRIPT, programming.TYPESCRIPT, programming.TSX, programming.GO,
    programming.RUST, programming.JAVA, programming.C, programming.CPP, programming.C_SHARP, programming.RUBY,
    programming.PHP, programming.BASH, programming.KOTLIN, programming.SCALA,
    documents.SQL, documents.HTML, documents.CSS, documents.JSON, documents.TOML, documents.YAML,
    documents.MARKDOWN, documents.INI, documents.MAKEFILE, documents.DOCKERFILE, documents.TERRAFORM,
)  # fmt: skip

LANGUAGES: dict[str, Language] = {
    PLAIN_TEXT.name: PLAIN_TEXT,
    **{language.name: language for language in _WITH_TABLES},
    **_OUTLINED,
}

# Doubtful ones as in `languages.yml` of https://github.com/github-linguist/linguist
_SUFFIXES = {
    "python": "py pyi pyw pyx bzl",
    "javascript": "js jsx mjs cjs es6",
    "typescript": "ts mts cts",
    "tsx": "tsx",
    "go": "go",
    "rust": "rs",
    "java": "java",
    "c": "c",
    # A header is read as C++: that grammar reads nearly all of C, the other way round it does not.
    "cpp": "h cc cpp cxx c++ hh hpp hxx h++ ipp inl tcc cu cuh ino",
    "csharp": "cs csx",
    "ruby": "rb rake gemspec ru",
    "php": "php phtml",
    "bash": "sh bash zsh ksh bats",
    "kotlin": "kt kts",
    "scala": "scala sc sbt",
    "sql": "sql ddl pgsql psql",
    "html": "html htm xhtml vue svelte xml svg xsd xsl",
    "css": "css scss less",
    "json": "json jsonc json5 geojson webmanifest ipynb",
    "toml": "toml",
    "yaml": "yaml yml",
    "markdown": "md mdx markdown mkd rmd qmd",
    "ini": "ini cfg conf properties editorconfig desktop service",
    "makefile": "mk mak",
    "terraform": "tf tfvars hcl",
    "clojure": "clj cljs cljc edn",
    "crystal": "cr",
    "dart": "dart",
    "elixir": "ex exs",
    "fsharp": "fs fsx fsi",
    "graphql": "graphql gql",
    "groovy": "groovy gradle",
    "haskell": "hs lhs",
    "julia": "jl",
    "lua": "lua",
    "nim": "nim",
    "objectivec": "m mm",
    "ocaml": "ml mli",
    "perl": "pl pm t",
    "powershell": "ps1 psm1 psd1",
    "protobuf": "proto",
    "r": "r",
    "solidity": "sol",
    "swift": "swift",
    "vb": "vb vbs bas",
    "zig": "zig",
}
_FILE_NAMES = {
    "bash": ".bashrc .bash_profile .profile .zshrc pkgbuild",
    "dockerfile": "dockerfile containerfile",
    "json": ".babelrc .eslintrc .prettierrc composer.lock",
    "makefile": "makefile gnumakefile justfile",
    "python": "sconstruct sconscript wscript snakefile build.bazel",
    "ruby": "gemfile rakefile vagrantfile podfile brewfile",
    "toml": "cargo.lock poetry.lock uv.lock pipfile",
    "yaml": ".clang-format .clang-tidy .clangd",
    "ini": ".gitconfig .gitmodules .npmrc",
}
_INTERPRETERS = {
    "bash": "sh bash zsh dash ksh",
    "javascript": "node nodejs bun",
    "typescript": "deno ts-node tsx",
    "python": "python pypy uv",
    "ruby": "ruby",
    "perl": "perl",
    "php": "php",
    "lua": "lua luajit",
    "scala": "scala amm",
    "elixir": "elixir",
    "julia": "julia",
    "r": "rscript",
    "groovy": "groovy",
    "swift": "swift",
}


def _inverted(table: dict[str, str]) -> dict[str, Language]:
    return {word: LANGUAGES[name] for name, words in table.items() for word in words.split()}


_BY_SUFFIX = _inverted(_SUFFIXES)
_BY_FILE_NAME = _inverted(_FILE_NAMES)
_BY_INTERPRETER = _inverted(_INTERPRETERS)
_INTERPRETER = re.compile(r"^\ufeff?#!\s*(?:\S*/)?(?:env\s+(?:-\S+\s+)*)?(?:\S*/)?(?P<name>[A-Za-z_-]+)")


def language_of(path: str, first_line: str = "") -> Language:
    """Return the language of a file by its name, then its suffix, then the interpreter its first line asks for.

    Args:
        path: with "/" between folders; only the last part is looked at, in any letter case.
        first_line: looked at only where the name says nothing.
    """
    name = PurePosixPath(path).name.lower()
    if language := _BY_FILE_NAME.get(name):
        return language
    stem, dot, suffix = name.rpartition(".")
    if dot and (language := _BY_SUFFIX.get(suffix)):
        return language
    if language := _BY_FILE_NAME.get(stem if dot else "") or _BY_FILE_NAME.get(name.partition(".")[0]):
        return language  # Dockerfile.dev, dev.dockerfile
    return _by_interpreter(first_line)


def _by_interpreter(first_line: str) -> Language:
    found = _INTERPRETER.match(first_line)
    return _BY_INTERPRETER.get(found["name"].lower(), PLAIN_TEXT) if found else PLAIN_TEXT
