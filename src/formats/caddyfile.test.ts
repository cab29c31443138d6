import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type CaddyDirective, parseCaddyfile } from "./caddyfile.ts";

const parse = (text: string) => parseCaddyfile({ path: "Caddyfile", text });
type Shape = [string, ...(string | Shape[])[]];
const shape = ({ name, args, block }: CaddyDirective): Shape => [
  name.value,
  ...args.map(arg => arg.value),
  ...(block ? [block.map(shape)] : []),
];
const shapes = (text: string) =>
  parse(text).model.blocks.map(block => [
    block.kind,
    block.keys.map(key => key.value),
    block.directives.map(shape),
  ]);

test("options, snippets, sites, blocks and comments", () => {
  const text = `# ours
{
	email ops@shop.example
	servers {
		trusted_proxies static private_ranges
	}
}
(logs) {
	log
}
shop.example, www.shop.example,
http://old.example:8080 { # the shop
	@post method POST
	import logs
	reverse_proxy @post "api:8000" \\
		api:8001 {
		lb_policy first
	}
	respond <<HTML
	  <p>{host}</p> }
	  HTML 200
}
`;
  expect(parse(text).problems).toEqual([]);
  expect(shapes(text)).toEqual([
    [
      "options",
      [],
      [
        ["email", "ops@shop.example"],
        ["servers", [["trusted_proxies", "static", "private_ranges"]]],
      ],
    ],
    ["snippet", ["logs"], [["log"]]],
    [
      "site",
      ["shop.example", "www.shop.example", "http://old.example:8080"],
      [
        ["@post", "method", "POST"],
        ["import", "logs"],
        ["reverse_proxy", "@post", "api:8000", "api:8001", [["lb_policy", "first"]]],
        ["respond", "\t  <p>{host}</p> }\n", "200"],
      ],
    ],
  ]);
});

test("places", () => {
  const text = "\ufeffa.example {\r\n\treverse_proxy /api/* api:8000\r\n}\r\n";
  const [site] = parse(text).model.blocks;
  const [pass] = site!.directives;
  const at = ({ span }: { span: { start: number; end: number } }) => text.slice(span.start, span.end);
  expect(at(site!.keys[0]!.at)).toBe("a.example");
  expect(pass!.args.map(arg => at(arg.at))).toEqual(["/api/*", "api:8000"]);
  expect(at(pass!.at)).toBe("reverse_proxy /api/* api:8000");
  expect(at(site!.at)).toBe("a.example {\r\n\treverse_proxy /api/* api:8000\r\n}");
});

describe("one at a time", () => {
  test.each<[string, unknown]>([
    [
      "shop.example\nreverse_proxy api:8000\nencode gzip",
      [
        [
          "site",
          ["shop.example"],
          [
            ["reverse_proxy", "api:8000"],
            ["encode", "gzip"],
          ],
        ],
      ],
    ],
    [":80 {\n}", [["site", [":80"], []]]],
    ["{$SITE:localhost} {\n root * /srv\n}", [["site", ["{$SITE:localhost}"], [["root", "*", "/srv"]]]]],
    ['a {\n header X `a "b"`\n}', [["site", ["a"], [["header", "X", 'a "b"']]]]],
    ["&(app) {\n log\n}", [["route", ["app"], [["log"]]]]],
    ["a,b {\n}", [["site", ["a", "b"], []]]],
    ["a {\n tls #internal\n tls{x} y#z\n}", [["site", ["a"], [["tls"], ["tls{x}", "y#z"]]]]],
  ])("%j", (text, expected) => expect(shapes(text)).toEqual(expected));

  test.each([
    ["a {\n log", "never closed"],
    ["}\na {\n}", "closes nothing"],
    ['a {\n respond "x\n}', "quote is never closed"],
  ])("%j is told", (text, message) =>
    expect(
      parse(text)
        .problems.map(each => each.message)
        .join(),
    ).toContain(message),
  );

  test("import at the top", () => {
    expect(parse("import sites/*\na {\n}").model.imports.map(each => each.args[0]!.value)).toEqual([
      "sites/*",
    ]);
  });
});

const pieces = fc.constantFrom(
  ...'{,},\n, ,a.example,(x),&(y),import,reverse_proxy,",`,#,\\,<<A\n,A,{$B},:80,\r\n,\ufeff,@m,\t'.split(
    ",",
  ),
  ",",
);

test("never throws, and every place lies in the text", () => {
  fc.assert(
    fc.property(fc.array(pieces, { maxLength: 60 }), parts => {
      const text = parts.join("");
      const { model, problems } = parse(text);
      const inside = ({ span }: { span: { start: number; end: number } }) => {
        expect(span.start).toBeGreaterThanOrEqual(0);
        expect(span.end).toBeGreaterThanOrEqual(span.start);
        expect(span.end).toBeLessThanOrEqual(text.length);
      };
      const visit = (directive: CaddyDirective): void => {
        for (const each of [directive, directive.name, ...directive.args]) inside(each.at);
        directive.block?.forEach(visit);
      };
      for (const block of model.blocks) {
        inside(block.at);
        for (const key of block.keys) inside(key.at);
        block.directives.forEach(visit);
      }
      model.imports.forEach(visit);
      for (const problem of problems) inside(problem.at);
    }),
    { numRuns: 1000 },
  );
});

test("hostile depth and length end soon", () => {
  const start = performance.now();
  parse("a {\n".repeat(50_000));
  parse("<<A\n".repeat(20_000));
  parse('"'.repeat(100_001));
  expect(performance.now() - start).toBeLessThan(20_000);
});
