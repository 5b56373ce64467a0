"""Programming languages with a grammar."""

from __future__ import annotations

import re

from moorage.codebase.languages.headings import CODE_HEADING
from moorage.codebase.languages.language import Grammar, Language, kinds, words

_FUNCTION_VALUES = dict.fromkeys(
    ["arrow_function", "function_expression", "generator_function"],
    "function",
) | {"class": "class"}
_SCRIPT_DEFINITIONS = kinds(
    function="function_declaration generator_function_declaration",
    method="method_definition",
    klass="class_declaration",
    constant="variable_declarator",
)
_SCRIPT_REFINED = {
    "variable_declarator": _FUNCTION_VALUES,
    "assignment_expression": _FUNCTION_VALUES,
    "pair": _FUNCTION_VALUES,
}
_SCRIPT_WRAPPERS = words("export_statement lexical_declaration variable_declaration expression_statement")
_SCRIPT_CONTAINERS = words("class_body statement_block if_statement else_clause")
_TYPED_DEFINITIONS = _SCRIPT_DEFINITIONS | kinds(
    function="function_signature",
    method="method_signature abstract_method_signature",
    klass="abstract_class_declaration",
    interface="interface_declaration",
    enum="enum_declaration",
    type="type_alias_declaration",
    module="internal_module module",
    property="public_field_definition",
)
PYTHON = Language(
    "python",
    Grammar("tree_sitter_python"),
    definitions=kinds(
        function="function_definition",
        klass="class_definition",
        type="type_alias_statement",
        constant="assignment",
    ),
    wrappers=words("decorated_definition expression_statement"),
    containers=words("block if_statement else_clause elif_clause try_statement except_clause with_statement"),
    leading=words("comment decorator"),
    named_by={"type": words("identifier")},
    heading=CODE_HEADING,
)
JAVASCRIPT = Language(
    "javascript",
    Grammar("tree_sitter_javascript"),
    definitions=_SCRIPT_DEFINITIONS | kinds(property="field_definition"),
    refined=_SCRIPT_REFINED | {"field_definition": _FUNCTION_VALUES},
    wrappers=_SCRIPT_WRAPPERS,
    containers=_SCRIPT_CONTAINERS,
    leading=words("comment decorator hash_bang_line"),
    import_call="require(",
    heading=CODE_HEADING,
)
TYPESCRIPT = Language(
    "typescript",
    Grammar("tree_sitter_typescript", "language_typescript"),
    definitions=_TYPED_DEFINITIONS,
    refined=_SCRIPT_REFINED | {"public_field_definition": _FUNCTION_VALUES},
    wrappers=_SCRIPT_WRAPPERS | {"ambient_declaration"},
    containers=_SCRIPT_CONTAINERS | {"interface_body"},
    leading=words("comment decorator hash_bang_line"),
    import_call="require(",
    heading=CODE_HEADING,
)
TSX = Language(
    "tsx",
    Grammar("tree_sitter_typescript", "language_tsx"),
    definitions=TYPESCRIPT.definitions,
    refined=TYPESCRIPT.refined,
    wrappers=TYPESCRIPT.wrappers,
    containers=TYPESCRIPT.containers,
    leading=TYPESCRIPT.leading,
    import_call=TYPESCRIPT.import_call,
    heading=CODE_HEADING,
)
GO = Language(
    "go",
    Grammar("tree_sitter_go"),
    definitions=kinds(
        function="function_declaration",
        method="method_declaration method_elem",
        type="type_spec type_alias",
        constant="const_spec var_spec",
    ),
    refined={"type_spec": {"struct_type": "struct", "interface_type": "interface"}},
    wrappers=words("type_declaration const_declaration var_declaration"),
    containers=words("interface_type var_spec_list"),
    heading=CODE_HEADING,
)
RUST = Language(
    "rust",
    Grammar("tree_sitter_rust"),
    definitions=kinds(
        function="function_item function_signature_item",
        struct="struct_item union_item",
        enum="enum_item",
        trait="trait_item",
        implementation="impl_item",
        module="mod_item",
        constant="const_item static_item",
        type="type_item associated_type",
        macro="macro_definition",
    ),
    containers=words("declaration_list foreign_mod_item"),
    leading=words("line_comment block_comment attribute_item inner_attribute_item"),
    heading=CODE_HEADING,
)
JAVA = Language(
    "java",
    Grammar("tree_sitter_java"),
    definitions=kinds(
        klass="class_declaration",
        interface="interface_declaration annotation_type_declaration",
        enum="enum_declaration",
        struct="record_declaration",
        method="method_declaration constructor_declaration compact_constructor_declaration"
        " annotation_type_element_declaration",
        property="field_declaration constant_declaration",
    ),
    containers=words("class_body interface_body enum_body enum_body_declarations annotation_type_body"),
    leading=words("line_comment block_comment"),
    heading=CODE_HEADING,
)
_DECLARATORS = words(
    "identifier type_identifier field_identifier pointer_declarator function_declarator"
    " parenthesized_declarator array_declarator"
)
C = Language(
    "c",
    Grammar("tree_sitter_c"),
    definitions=kinds(
        function="function_definition",
        struct="struct_specifier union_specifier",
        enum="enum_specifier",
        type="type_definition",
        macro="preproc_def preproc_function_def",
        constant="declaration",
    ),
    refined={
        "declaration": {"function_declarator": "function"},
    },
    containers=words("preproc_ifdef preproc_if preproc_else preproc_elif linkage_specification declaration_list"),
    named_by={"parenthesized_declarator": _DECLARATORS},
    heading=CODE_HEADING,
)
CPP = Language(
    "cpp",
    Grammar("tree_sitter_cpp"),
    definitions=C.definitions
    | kinds(
        klass="class_specifier",
        module="namespace_definition",
        type="alias_declaration concept_definition",
    ),
    refined=C.refined | {"field_declaration": {"function_declarator": "method"}},
    wrappers=words("template_declaration friend_declaration"),
    containers=C.containers | {"field_declaration_list"},
    named_by=dict.fromkeys(
        ["parenthesized_declarator", "reference_declarator"], _DECLARATORS | {"qualified_identifier"}
    ),
    heading=CODE_HEADING,
)
C_SHARP = Language(
    "csharp",
    Grammar("tree_sitter_c_sharp"),
    definitions=kinds(
        klass="class_declaration",
        interface="interface_declaration",
        struct="struct_declaration record_declaration",
        enum="enum_declaration",
        module="namespace_declaration",
        function="local_function_statement",
        method="method_declaration constructor_declaration destructor_declaration",
        type="delegate_declaration",
        property="property_declaration field_declaration event_field_declaration event_declaration",
    ),
    containers=words("declaration_list preproc_if preproc_else preproc_elif"),
    named_by={
        "field_declaration": words("variable_declaration"),
        "event_field_declaration": words("variable_declaration"),
        "variable_declaration": words("variable_declarator"),
    },
    heading=CODE_HEADING,
)
RUBY = Language(
    "ruby",
    Grammar("tree_sitter_ruby"),
    definitions=kinds(
        klass="class",
        module="module",
        method="method singleton_method",
        constant="assignment",
    ),
    containers=words("body_statement singleton_class if unless begin then else"),
    heading=CODE_HEADING,
)
PHP = Language(
    "php",
    Grammar("tree_sitter_php", "language_php"),
    definitions=kinds(
        klass="class_declaration",
        interface="interface_declaration",
        trait="trait_declaration",
        enum="enum_declaration",
        function="function_definition",
        method="method_declaration",
        constant="const_declaration",
        property="property_declaration",
    ),
    containers=words("declaration_list enum_declaration_list compound_statement if_statement namespace_definition"),
    named_by={
        "const_declaration": words("const_element"),
        "const_element": words("name"),
        "property_declaration": words("property_element"),
    },
    heading=CODE_HEADING,
)
BASH = Language(
    "bash",
    Grammar("tree_sitter_bash"),
    definitions=kinds(function="function_definition", constant="variable_assignment"),
    wrappers=words("declaration_command"),
    containers=words("if_statement else_clause elif_clause"),
    heading=re.compile(r"^(?P<level>[ \t]*)(?:function\s+)?(?P<name>[\w:.-]+)\s*\(\)"),
    heading_kind="function",
)
KOTLIN = Language(
    "kotlin",
    Grammar("tree_sitter_kotlin"),
    definitions=kinds(
        klass="class_declaration object_declaration",
        function="function_declaration",
        method="secondary_constructor",
        property="property_declaration",
        type="type_alias",
    ),
    refined={"class_declaration": {"interface": "interface"}},
    containers=words("class_body enum_class_body companion_object"),
    leading=words("line_comment block_comment"),
    named_by={
        "property_declaration": words("variable_declaration"),
        "variable_declaration": words("identifier"),
    },
    heading=CODE_HEADING,
)
SCALA = Language(
    "scala",
    Grammar("tree_sitter_scala"),
    definitions=kinds(
        klass="class_definition object_definition",
        trait="trait_definition",
        enum="enum_definition",
        module="package_object",
        function="function_definition function_declaration given_definition",
        type="type_definition",
        constant="val_definition var_definition",
    ),
    containers=words("template_body enum_body extension_definition package_clause"),
    leading=words("comment block_comment"),
    heading=CODE_HEADING,
)
