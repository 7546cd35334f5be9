"""GNU C on top of pycparser's grammar: attributes, `a ?: b`, `case 1 ... 4:`, `asm`, whole spans.

Each method takes the place of pycparser's for one rule of the grammar, and is called by the others.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from seismo.base.diagnostics import did_you_mean
from seismo.c.errors import CSyntaxError
from seismo.c.parse_library import c_ast
from seismo.c.parse_nodes import Asm, Attribute, Range
from seismo.c.parse_stream import TokenParser
from seismo.c.tokens import CToken

__all__ = ("GnuParser",)

_BINARY = ("LOR", "LAND", "OR", "XOR", "AND", "EQ NE", "GT GE LT LE", "RSHIFT LSHIFT")
_ARITHMETIC = ("PLUS MINUS", "TIMES DIVIDE MOD")
_PRECEDENCE = {
    kind: level for level, kinds in enumerate((*_BINARY, *_ARITHMETIC)) for kind in kinds.split()
}
_MACROS = (
    "BPF_TABLE BPF_HASH BPF_ARRAY BPF_HISTOGRAM BPF_PERCPU_HASH BPF_PERCPU_ARRAY BPF_LRU_HASH "
    "BPF_STACK_TRACE BPF_PERF_OUTPUT BPF_RINGBUF_OUTPUT BPF_PERF_ARRAY BPF_PROG_ARRAY BPF_QUEUE "
    "BPF_STACK BPF_LPM_TRIE BPF_CGROUP_ARRAY TRACEPOINT_PROBE RAW_TRACEPOINT_PROBE KFUNC_PROBE "
    "KRETFUNC_PROBE LSM_PROBE"
)


class GnuParser(TokenParser):
    """Reads one declaration outside functions after the other."""

    def external_declaration(self) -> list[c_ast.Node]:
        """What stands at the next tokens: functions, variables, types, none for a lone `;`."""
        kind = self._peek_type()
        if self._accept("SEMI"):
            return []
        if kind == "ASM":
            return [self._asm()]
        if kind == "PPPRAGMA":
            return [self._parse_pppragma_directive()]
        if kind == "_STATIC_ASSERT":
            return [self._parse_static_assert()]
        if not self._starts_declaration():
            self._refuse_outside()
        spec, saw_type, first = self._parse_declaration_specifiers(allow_no_type=True)
        name_kind, _ = self._peek_declarator_name_info()
        if self._is_inferred_auto(spec) or name_kind is None or not (saw_type or name_kind == "ID"):
            return list(
                self._parse_declaration_end(self._parse_decl_body_with_spec(spec, saw_type))
            )
        declarator = self._parse_id_declarator()
        if self._peek_type() == "LBRACE":
            if not spec["type"]:
                spec["type"] = [c_ast.IdentifierType(["int"], coord=first)]
            return [self._parse_function_definition(spec, declarator)]
        initial = {"decl": declarator}
        if self._accept("EQUALS"):
            initial["init"] = self._parse_initializer()
        all_declared = self._parse_init_declarator_list(first=initial)
        built = self._build_declarations(spec=spec, decls=all_declared, typedef_namespace=True)
        return list(self._parse_declaration_end(built))

    def _refuse_outside(self) -> None:
        token = self._peek()
        if token.type == "ID" and self._peek_type(2) == "LPAREN":
            hint = did_you_mean(token.value, _MACROS.split())
            raise CSyntaxError(token.span, f"'{token.value}' is neither a macro nor a type", hint)
        if token.type == "RBRACE":
            hint = "is there one too many before it?"
            raise CSyntaxError(token.span, "this '}' closes nothing", hint)
        self._refuse("expected a declaration")

    # Attributes

    def _parse_attribute_specifier_sequence(self) -> list[Attribute]:
        found = []
        while self._accept("ATTRIBUTE"):
            self._expect("LPAREN")
            self._expect("LPAREN")
            while self._peek_type() not in (None, "RPAREN"):
                if not self._accept("COMMA"):
                    found.append(self._attribute())
            self._expect("RPAREN")
            self._expect("RPAREN")
        return found

    def _attribute(self) -> Attribute:
        name = self._peek()
        if not name.value.isidentifier():
            self._refuse("expected the name of an attribute")
        self._advance()
        arguments = []
        if self._accept("LPAREN"):
            while self._peek_type() not in (None, "RPAREN"):
                is_type = self._starts_declaration()
                read = self._parse_type_name if is_type else self._parse_conditional_expression
                arguments.append(read())
                if not self._accept("COMMA"):
                    break
            self._expect("RPAREN")
        return Attribute(name.value.strip("_"), tuple(arguments), self._since(name))

    def _starts_declaration(self, tok: CToken | None = None) -> bool:
        token = tok or self._peek()
        return token is not None and (
            token.type == "ATTRIBUTE" or bool(super()._starts_declaration(token))
        )

    def _parse_specifiers(self, *, allow_storage_and_function: bool) -> tuple[Any, bool, Any]:
        """Attributes may stand before, between and after the specifiers; after the `}` of a record
        or an enum they are its own."""
        attributes = self._parse_attribute_specifier_sequence()
        spec, saw_type, first = super()._parse_specifiers(
            allow_storage_and_function=allow_storage_and_function
        )
        while spec is not None and self._peek_type() == "ATTRIBUTE":
            is_of_body = self._previous is not None and self._previous.type == "RBRACE"
            owner = spec["type"][-1].attributes if is_of_body and spec["type"] else attributes
            owner += self._parse_attribute_specifier_sequence()
            if saw_type and self._peek_type() == "TYPEID":
                break
            more, has_type, _ = super()._parse_specifiers(
                allow_storage_and_function=allow_storage_and_function
            )
            for kind, found in (more or {}).items():
                spec[kind] += found
            saw_type = saw_type or has_type
        if spec is not None:
            spec["type_attributes"] = attributes
        return spec, saw_type, first

    def _attach_type_attributes(self, decl: Any, spec: Any) -> Any:
        decl.attributes = [*spec["type_attributes"], *decl.attributes]
        return decl

    def _parse_parameter_declaration(self) -> Any:
        return self._parse_parameter_declaration_body()

    def _parse_struct_declarator(self) -> Any:
        name = None if self._peek_type() == "COLON" else self._parse_declarator()
        found = {"decl": name or c_ast.TypeDecl(None, None, None, None, coord=self._here)}
        if self._accept("COLON"):
            found["bitsize"] = self._parse_constant_expression()
            attributes = self._parse_attribute_specifier_sequence()
            if isinstance(name, c_ast.TypeDecl):
                name.attributes = [*name.attributes, *attributes]
        return found

    def _parse_identifier_list_opt(self) -> None:
        if self._peek_type() == "ID" and self._peek_type(2) in ("COMMA", "RPAREN"):
            hint = "write the types of the parameters inside the parentheses"
            raise CSyntaxError(self._here, "this parameter has no type", hint)
        if self._peek_type() != "RPAREN":
            self._refuse("expected a type")

    # Statements

    def _parse_block_item(self) -> Any:
        kind = self._peek_type()
        if kind == "ATTRIBUTE" and (empty := self._attribute_statement_alone()):
            return empty
        if kind == "TYPEID" and self._peek_type(2) == "COLON":
            return self._label()
        if kind == "LABEL":
            raise CSyntaxError(self._here, "'__label__' (local labels) is not supported")
        return super()._parse_block_item()

    def _attribute_statement_alone(self) -> Any:
        """`__attribute__((fallthrough));`, None where a declaration follows."""
        mark = self._mark()
        self._parse_attribute_specifier_sequence()
        if semicolon := self._accept("SEMI"):
            return c_ast.EmptyStatement(semicolon.span)
        self._reset(mark)
        return None

    def _parse_statement(self) -> Any:
        kind = self._peek_type()
        if kind == "ASM":
            return self._asm()
        if kind in ("ID", "TYPEID") and self._peek_type(2) == "COLON":
            return self._label()
        if kind == "ATTRIBUTE":
            return self._attribute_statement_alone() or super()._parse_statement()
        return super()._parse_statement()

    def _starts_statement(self) -> bool:
        return self._peek_type() in ("ASM", "ATTRIBUTE") or bool(super()._starts_statement())

    def _label(self) -> Any:
        name = self._advance()
        self._expect("COLON")
        self._parse_attribute_specifier_sequence()
        has_more = self._starts_statement()
        body = (
            self._parse_pragmacomp_or_statement() if has_more else c_ast.EmptyStatement(name.span)
        )
        return c_ast.Label(name.value, body, name.span)

    def _asm(self) -> Asm:
        start = self._advance()
        while self._peek_type() in ("VOLATILE", "INLINE", "GOTO", "CONST"):
            self._advance()
        self._expect("LPAREN")
        depth = 1
        while depth:
            kind = self._advance().type
            depth += (kind == "LPAREN") - (kind == "RPAREN")
        self._expect("SEMI")
        return Asm(self._since(start))

    # Expressions, each with its whole span

    def _spanning(self, read: Callable[[], Any]) -> Any:
        start = self._peek()
        node = read()
        node.coord = self._since(start)
        return node

    def _parse_expression(self) -> Any:
        return self._spanning(super()._parse_expression)

    def _parse_assignment_expression(self) -> Any:
        return self._spanning(super()._parse_assignment_expression)

    def _parse_conditional_expression(self) -> Any:
        start = self._peek()
        condition = self._parse_binary_expression()
        if not self._accept("CONDOP"):
            return condition
        then = None if self._peek_type() == "COLON" else self._parse_expression()
        self._expect("COLON")
        other = self._parse_conditional_expression()
        return c_ast.TernaryOp(condition, then, other, self._since(start))

    def _parse_binary_expression(self, min_prec: int = 0, lhs: None = None) -> Any:
        start = self._peek()
        left = self._parse_cast_expression()
        while (operator := self._peek()) is not None:
            level = _PRECEDENCE.get(operator.type, -1)
            if level < min_prec:
                break
            self._advance()
            right = self._parse_binary_expression(level + 1)
            left = c_ast.BinaryOp(operator.value, left, right, self._since(start))
        return left

    def _parse_cast_expression(self) -> Any:
        return self._spanning(super()._parse_cast_expression)

    def _try_parse_paren_type_name(self) -> Any:
        """A type in parentheses, None where there is none: what begins as a type is one."""
        opening, mark = self._peek(), self._mark()
        if not self._accept("LPAREN"):
            return None
        if not self._starts_declaration():
            self._reset(mark)
            return None
        type_name = self._parse_type_name()
        self._expect("RPAREN")
        return type_name, mark, opening, []

    def _parse_constant_expression(self) -> Any:
        start = self._peek()
        low = self._parse_conditional_expression()
        if not self._accept("ELLIPSIS"):
            return low
        return Range(low, self._parse_conditional_expression(), self._since(start))

    def _parse_primary_expression(self) -> Any:
        kind = self._peek_type()
        if kind == "TYPES_COMPATIBLE":
            name = self._advance()
            self._expect("LPAREN")
            left = self._parse_type_name()
            self._expect("COMMA")
            both = c_ast.ExprList([left, self._parse_type_name()], left.coord)
            self._expect("RPAREN")
            return c_ast.FuncCall(c_ast.ID(name.value, name.span), both, name.span)
        if kind == "VA_ARG":
            raise CSyntaxError(self._here, "variable arguments ('va_arg') are not supported")
        if kind == "LAND":
            raise CSyntaxError(self._here, "the address of a label ('&&') is not supported")
        return super()._parse_primary_expression()

    def _starts_expression(self, tok: CToken | None = None) -> bool:
        token = tok or self._peek()
        return token is not None and (
            token.type in ("TYPES_COMPATIBLE", "VA_ARG", "LAND")
            or bool(super()._starts_expression(token))
        )

    def _parse_type_name(self) -> Any:
        return self._spanning(super()._parse_type_name)

    def _parse_initializer(self) -> Any:
        return self._spanning(super()._parse_initializer)

    def _parse_initializer_item(self) -> Any:
        return self._spanning(super()._parse_initializer_item)
