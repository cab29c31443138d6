import { expect, test } from "vitest";
import { caddyfile, caddyModel } from "./caddyfile.ts";

const model = (text: string, set: Record<string, string | null> = {}) =>
  caddyModel(caddyfile.parse({ path: "Caddyfile", text }).model, name => set[name]);
const upstreams = (text: string, set?: Record<string, string | null>) =>
  model(text, set).sites.flatMap(site => site.upstreams.map(({ host, port }) => `${host}:${port}`));

test.each<[string, string]>([
  ["shop.example", "public"],
  ["shop.example:8443", "public"],
  ["https://", "internal"],
  ["http://shop.example", "none"],
  ["shop.example:80", "none"],
  [":80", "none"],
  [":443", "none"],
  ["localhost", "internal"],
  ["192.168.1.4", "internal"],
  ["shop.example, http://old.example", "public"],
  ["{$SITE}", "unknown"],
  ["{$SITE:localhost}", "internal"],
])("%s has TLS: %s", (address, tls) => {
  expect(model(`${address} {\n respond ok\n}`).sites.map(site => site.tls)).toEqual([tls]);
});

test("directives and options decide about TLS", () => {
  expect(model("a.example {\n tls internal\n}").sites[0]!.tls).toBe("internal");
  expect(model("a.example {\n tls /a.pem /b.pem\n}").sites[0]!.tls).toBe("files");
  expect(model(":443 {\n tls ops@a.example\n}").sites[0]!.tls).toBe("internal");
  expect(model("{\n auto_https off\n}\na.example {\n}").sites[0]!.tls).toBe("none");
  expect(model("{\n local_certs\n}\na.example {\n}").sites[0]!.tls).toBe("internal");
  expect(model("{$SITE} {\n}", { SITE: null }).sites[0]!.tls).toBe("unknown");
  expect(model("{$SITE} {\n}", { SITE: "a.example" }).sites[0]!.tls).toBe("public");
});

test("upstreams are found in blocks and snippets, matchers and placeholders are none", () => {
  const text = `(api) {
	reverse_proxy @v{args[1]} {args[0]}:8000
}
a.example {
	handle_path /api/* {
		import api api 2
	}
	reverse_proxy /ws/* http://ws https://far.example {
		to web:3000
	}
	reverse_proxy {$BACK:back}:9000 {upstream} unix//run/x.sock :8080
	php_fastcgi php:9000
}
`;
  expect(upstreams(text)).toEqual([
    "api:8000",
    "ws:80",
    "far.example:443",
    "web:3000",
    "back:9000",
    "localhost:8080",
    "php:9000",
  ]);
  expect(upstreams(text, { BACK: null })).not.toContain("back:9000");
});

test("a snippet that imports itself ends; a file is not read", () => {
  const { unread, sites } = model(
    "import more.caddy\n(a) {\n import a\n}\nx.example {\n import a\n import b\n}",
  );
  expect(unread.map(each => each.args[0]!.value)).toEqual(["more.caddy", "b"]);
  expect(sites[0]!.directives).toEqual([]);
});
