import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { filesBelow, isBelow, isTest, isVendored, ownFiles } from "./project-files.ts";

const name = fc.constantFrom("a", "b", "a.b", "a-b", "a0", "tests", "vendor", "\u00e9");
const path = fc.array(name, { minLength: 1, maxLength: 4 }).map(parts => parts.join("/"));

describe("filesBelow", () => {
  it("finds what a look at every path finds, sorted or not", () => {
    fc.assert(
      fc.property(fc.uniqueArray(path, { maxLength: 40 }), fc.oneof(path, fc.constant("")), (all, dir) => {
        for (const paths of [all, all.toSorted()]) {
          const below = paths.filter(each => isBelow(dir, each));
          expect(filesBelow({ paths }, dir)).toEqual(below);
          expect(ownFiles({ paths }, dir)).toEqual(below.filter(each => !isTest(each) && !isVendored(each)));
        }
      }),
    );
  });

  it("does not take a directory whose name only begins alike", () => {
    const paths = ["app-old/x.py", "app.py", "app/a.py", "app/b/c.py", "app0/x.py"];
    expect(filesBelow({ paths }, "app")).toEqual(["app/a.py", "app/b/c.py"]);
  });
});
