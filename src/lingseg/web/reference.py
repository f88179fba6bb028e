"""The OpenAPI document as a page of plain HTML: nothing to fetch, nothing to run."""

import json
from collections.abc import Iterator
from html import escape
from typing import Any

STYLE = """
:root { color-scheme: light dark; font: 16px/1.5 system-ui, sans-serif; }
body { max-width: 60rem; margin: 0 auto; padding: 1rem; }
h2 { margin-top: 2.5rem; } code, pre { font-family: ui-monospace, monospace; }
pre { overflow-x: auto; padding: .75rem; border: 1px solid #8886; border-radius: .4rem; }
.method { display: inline-block; min-width: 4.5rem; font-weight: 700; }
details { margin: .5rem 0; } summary { cursor: pointer; }
"""


def reference_page(document: dict[str, Any]) -> str:
    """Return the page of an OpenAPI document."""
    info = document["info"]
    return "".join(
        [
            '<!doctype html><html lang="en"><head><meta charset="utf-8">',
            '<meta name="viewport" content="width=device-width">',
            f"<title>{escape(info['title'])}: the HTTP interface</title>",
            '<link rel="stylesheet" href="/assets-of-api/style.css"></head><body><main>',
            f"<h1>{escape(info['title'])} {escape(info['version'])}: the HTTP interface</h1>",
            f"<p>{escape(info.get('description', ''))}</p>",
            '<p>For machines: <a href="/openapi.json">openapi.json</a>.</p>',
            *_operations(document),
            "<h2>What is sent and received</h2>",
            *_schemas(document),
            "</main></body></html>",
        ]
    )


def _operations(document: dict[str, Any]) -> Iterator[str]:
    """Yield what can be asked."""
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            verb = f'<span class="method">{method.upper()}</span>'
            yield f"<h2><code>{verb} {escape(path)}</code></h2>"
            yield f"<p>{escape(operation.get('description', ''))}</p>"
            for parameter in operation.get("parameters", ()):
                yield (
                    f"<p><code>{escape(parameter['name'])}</code> ({parameter['in']}): "
                    f"<code>{escape(json.dumps(parameter['schema']))}</code></p>"
                )
            for kind, content in operation.get("requestBody", {}).get("content", {}).items():
                yield f"<p>Takes {escape(kind)}: {_schema(content.get('schema', {}))}</p>"
            for status, response in operation.get("responses", {}).items():
                kinds = ", ".join(response.get("content", {}))
                yield f"<p>{status}: {escape(response['description'])} {escape(kinds)}</p>"


def _schema(schema: dict[str, Any]) -> str:
    """Return a link to a schema, or the schema."""
    if "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        return f'<a href="#{escape(name)}">{escape(name)}</a>'
    return f"<code>{escape(json.dumps(schema))}</code>"


def _schemas(document: dict[str, Any]) -> Iterator[str]:
    """Yield what bodies look like."""
    for name, schema in document.get("components", {}).get("schemas", {}).items():
        shown = escape(json.dumps(schema, indent=2, ensure_ascii=False))
        yield f'<details id="{escape(name)}"><summary>{escape(name)}</summary><pre>{shown}</pre>'
        yield "</details>"
