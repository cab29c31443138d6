import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { mappedFragment } from "../core/fragment.ts";
import type { Source } from "../core/source.ts";
import { type NginxDirective, parseNginx } from "./nginx.ts";

const file = (text: string): Source => ({ path: "nginx.conf", text });

type Shape = [name: string, ...args: string[]] | [name: string, args: string[], block: Shape[]];

function shape(directive: NginxDirective): Shape {
  const args = directive.args.map(arg => arg.value);
  if (!directive.block) return [directive.name.value, ...args];
  return [directive.name.value, args, directive.block.map(shape)];
}

const shapes = (text: string): Shape[] => parseNginx(file(text)).model.directives.map(shape);

describe("parseNginx", () => {
  it("reads directives, blocks, quotes, escapes and comments", () => {
    const source = file(
      'user web; # who\nhttp {\n  log_format main "$a \\"b\\"" \'c;d\';\n  server { listen 80; location ~ \\.php$ { } }\n}\n',
    );
    const { model, problems } = parseNginx(source);
    expect(problems).toEqual([]);
    expect(model.directives.map(shape)).toEqual([
      ["user", "web"],
      [
        "http",
        [],
        [
          ["log_format", "main", '$a "b"', "c;d"],
          [
            "server",
            [],
            [
              ["listen", "80"],
              ["location", ["~", "\\.php$"], []],
            ],
          ],
        ],
      ],
    ]);
    expect(model.comments.map(comment => comment.value)).toEqual(["who"]);
    expect(model.directives[1]?.block?.[0]?.args[1]?.raw).toBe('"$a \\"b\\""');
  });

  it.each<[string, Shape[]]>([
    ["listen ${PORT};", [["listen", "${PORT}"]]],
    ["proxy_pass http://${HOST}:${PORT}/a;", [["proxy_pass", "http://${HOST}:${PORT}/a"]]],
    ["index {INDEX_FILE};", [["index", "${INDEX_FILE}"]]],
    ["proxy_pass http://{APP_HOST}:{{ app.port }}/${A};", [["proxy_pass", "http://${APP_HOST}:${app}/${A}"]]],
    ["a b#c;", [["a", "b#c"]]],
    ["a b}c;", [["a", "b}c"]]],
    ["a 'b\nc';", [["a", "b\nc"]]],
    ["a b\\;c;", [["a", "b\\;c"]]],
    ["a b\\ c;", [["a", "b\\ c"]]],
    ["a{b;}", [["a", [], [["b"]]]]],
    ['"a" "";', [["a", ""]]],
    ["\ufeffa b;", [["a", "b"]]],
    ["gzip_types\n  text/css\n  text/xml;", [["gzip_types", "text/css", "text/xml"]]],
    ["server_name content_by_lua_block ;", [["server_name", "content_by_lua_block"]]],
  ])("reads %j", (text, expected) => {
    expect(shapes(text)).toEqual(expected);
    expect(parseNginx(file(text)).problems).toEqual([]);
  });

  it("passes over lines that a template replaces", () => {
    const text =
      "server {\n  ${NGINX_EXTRA}\n  {{ if .Tls }}\n  listen ${NGINX_PORT};\n  {{ end }}\n{% if a %}\n}\n{% endif %}\n";
    expect(parseNginx(file(text)).problems).toEqual([]);
    expect(shapes(text)).toEqual([["server", [], [["listen", "${NGINX_PORT}"]]]]);
  });

  it("leaves Lua alone", () => {
    const { model, problems } = parseNginx(
      file('content_by_lua_block { if a["}"] then x = { 1 } end -- }\n y = [[ } ]] } listen 80;'),
    );
    expect(problems).toEqual([]);
    expect(model.directives.map(directive => directive.name.value)).toEqual([
      "content_by_lua_block",
      "listen",
    ]);
    expect(model.directives[0]?.opaque?.value).toContain("x = { 1 } end");
  });

  it.each<[name: string, text: string, place: string, expected: Shape[]]>([
    [
      "a missing semicolon",
      "server {\n listen 80\n server_name x;\n}",
      "80",
      [
        [
          "server",
          [],
          [
            ["listen", "80"],
            ["server_name", "x"],
          ],
        ],
      ],
    ],
    ["one before a brace", "server { listen 80 }", "80", [["server", [], [["listen", "80"]]]]],
    ["one at the end", "listen 80", "80", [["listen", "80"]]],
    [
      "one in an upstream",
      "upstream a {\n server x:1\n server y:2;\n}",
      "x:1",
      [
        [
          "upstream",
          ["a"],
          [
            ["server", "x:1"],
            ["server", "y:2"],
          ],
        ],
      ],
    ],
    ["a block that stays open", "server { listen 80;\n", "{", [["server", [], [["listen", "80"]]]]],
    [
      "a brace too many",
      "a b; }\nc d;",
      "}",
      [
        ["a", "b"],
        ["c", "d"],
      ],
    ],
    [
      "a semicolon too many",
      "a b;; c d;",
      ";",
      [
        ["a", "b"],
        ["c", "d"],
      ],
    ],
    ["an open quote", "a 'b;\nc d;", "'b;", [["a", "b;", "c", "d"]]],
    ["a bare repetition", "location ~ ^/a{2}$ { }", "^/a{2}$", [["location", ["~", "^/a{2}$"], []]]],
    [
      "one on the same line",
      "listen 80 location / { a b; }",
      "80",
      [
        ["listen", "80"],
        ["location", ["/"], [["a", "b"]]],
      ],
    ],
    ["a block where none belongs", "listen 80 { }", "{", [["listen", ["80"], []]]],
    ["text behind a quote", 'a "b"c;', "c", [["a", "b", "c"]]],
  ])("points at %s", (_, text, place, expected) => {
    const { model, problems } = parseNginx(file(text));
    expect(problems.map(problem => text.slice(problem.at.span.start, problem.at.span.end))).toEqual([place]);
    expect(model.directives.map(shape)).toEqual(expected);
  });

  it("keeps places through a fragment", () => {
    const text = "listen 80;";
    const fragment = mappedFragment("start.sh", text, [...text].map((_, i) => 100 + 2 * i).concat(200));
    const { model } = parseNginx(fragment);
    expect(model.directives[0]?.args[0]?.at).toEqual({ file: "start.sh", span: { start: 114, end: 117 } });
  });

  it("never throws, and every place lies inside the text and its parent", () => {
    const part = fc.constantFrom(
      "server",
      "location",
      "~",
      "{",
      "}",
      ";",
      " ",
      "\n",
      "\r\n",
      "'",
      '"',
      "\\",
      "$",
      "${A}",
      "#",
      "a",
      "{2}",
      "x_by_lua_block",
      "[[",
      "--",
      "💡",
    );
    fc.assert(
      fc.property(fc.array(part, { maxLength: 60 }), parts => {
        const source = file(parts.join(""));
        const { model, problems } = parseNginx(source);
        for (const { at } of problems) {
          expect(at.span.start).toBeLessThanOrEqual(at.span.end);
          expect(at.span.end).toBeLessThanOrEqual(source.text.length);
        }
        const visit = (directive: NginxDirective, start: number, end: number): void => {
          const { span } = directive.at;
          expect(span.start).toBeGreaterThanOrEqual(start);
          expect(span.end).toBeLessThanOrEqual(end);
          for (const arg of directive.args)
            expect(source.text.slice(arg.at.span.start, arg.at.span.end)).toBe(arg.raw);
          for (const inner of directive.block ?? []) visit(inner, span.start, span.end);
        };
        for (const directive of model.directives) visit(directive, 0, source.text.length);
      }),
      { numRuns: 1_000 },
    );
  });

  it("is linear, also when it nests or stays open", () => {
    const started = process.cpuUsage();
    for (const unit of ["a {", "a 'b\n", "x_by_lua_block { [[", "listen 80\n", "a{1", "}"])
      parseNginx(file(unit.repeat(40_000)));
    expect(process.cpuUsage(started).user / 1_000).toBeLessThan(4_000);
  });
});
