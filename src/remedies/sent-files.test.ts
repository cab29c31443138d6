import { expect, it } from "vitest";
import { pageFiles } from "../pages/page-files.ts";
import { link } from "../stack/link.ts";
import { sendAlong } from "./sent-files.ts";

/** What is changed for a new folder, where a release does this. */
async function sent(step: string) {
  const texts = {
    "deploy/compose.yml": "services:\n  web:\n    image: shop:1\n    restart: always\n",
    ".github/workflows/release.yml": `on: push\njobs:\n  release:\n    runs-on: ubuntu-24.04\n    steps:\n      - run: |\n          ${step}\n`,
  };
  const stack = await link(
    pageFiles(
      Object.entries(texts).map(([path, text]) => ({
        ...{ path, text },
        ...{ ignored: false, untracked: false, directory: false },
      })),
    ),
  );
  return sendAlong(stack, stack.projects[0]!, "backup")?.map(edit => edit.text);
}

it("sends a new folder with the Compose file", async () => {
  expect(await sent("scp -r deploy/compose.yml shop.example:/srv/shop/")).toEqual([" deploy/backup"]);
});

it("knows that a server has nothing beside a Compose file that it fetches", async () => {
  const raw = "https://raw.githubusercontent.com/example/shop/main/deploy";
  expect(await sent(`ssh shop.example "curl -fsSL ${raw}/compose.yml -o compose.yml"`)).toBeUndefined();
  expect(await sent(`ssh shop.example "curl -fsSL ${raw}/other-compose.yml -o compose.yml"`)).toEqual([]);
});
