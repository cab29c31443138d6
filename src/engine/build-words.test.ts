import { expect, it } from "vitest";
import { buildWords } from "./build-words.ts";

const failed = "failed to solve: executor failed running [/bin/sh -c npm ci]: exit code: 1";
const output = `#4 [app 1/2] FROM docker.io/library/node:20
#4 CACHED

#5 [app 2/2] RUN npm ci
#5 1.186 npm error code EAI_AGAIN
#5 ERROR: executor failed running [/bin/sh -c npm ci]: exit code: 1
------
 > [app 2/2] RUN npm ci:
1.186 npm error code EAI_AGAIN

1.196 npm error syscall getaddrinfo
------
`;

it("tells what the step had said, without the seconds", () => {
  expect(buildWords(output, `${failed}\n`)).toBe(
    `${failed}, saying:\nnpm error code EAI_AGAIN\nnpm error syscall getaddrinfo`,
  );
});

it("takes the step that failed, not one that is quoted before it", () => {
  const two = output.replace("#4 CACHED", "------\n > [other] RUN true:\n0.1 fine\n------");
  expect(buildWords(two, failed)).not.toContain("fine");
});

it("keeps the last lines of many", () => {
  const many = Array.from({ length: 40 }, (_, i) => `${i}.5 line ${i}`).join("\n");
  const words = buildWords(`------\n > [app] RUN x:\n${many}\n------\n`, failed);
  expect(words.split("\n")).toHaveLength(11);
  expect(words).toMatch(/line 39$/);
});

it("has the builder's own words where no step has said anything", () => {
  expect(buildWords("#1 reading\n", "target stage prod could not be found\n")).toBe(
    "target stage prod could not be found",
  );
  expect(buildWords("#1 reading\n", "")).toBe("#1 reading");
});
