import fc from "fast-check";
import { expect, it } from "vitest";
import { pairOf, parseYaml, textOf } from "./yaml.ts";
import { yamlList, yamlScalar } from "./yaml-text.ts";

function read(text: string) {
  const parsed = parseYaml({ path: "a.yml", text });
  expect(parsed.problems).toEqual([]);
  return pairOf(parsed.model[0]!.root, "key")?.value;
}

it("is read back as the text that it was made of", () => {
  const text = fc.oneof(
    fc.string({ unit: "grapheme" }),
    fc.stringMatching(/^[$\w{}:.,#'" \\/@*&!%?|>`~=+-]{0,24}$/),
  );
  fc.assert(
    fc.property(text, value => {
      const node = read(`key: ${yamlScalar(value)}\nnext: 1\n`);
      expect(node).toMatchObject({ kind: "scalar", value });
      const list = read(`key: ${yamlList([value, "b"])}\n`);
      expect(list?.kind === "seq" && list.items.map(item => textOf(item)?.value)).toEqual([value, "b"]);
    }),
  );
});

it.each([
  ["${POSTGRES_USER:-shop}", "${POSTGRES_USER:-shop}"],
  ["./media", "./media"],
  ["postgres:16", "postgres:16"],
  ["ghcr.io:443/shop/api:1.2", "ghcr.io:443/shop/api:1.2"],
  ["postgres:", '"postgres:"'],
  ["22:22", '"22:22"'],
  ["on", '"on"'],
  ["03", '"03"'],
  ["a: b", '"a: b"'],
  ["", '""'],
])("writes %s as %s", (text, written) => {
  expect(yamlScalar(text)).toBe(written);
});
