import { expect, it } from "vitest";
import { tree } from "../../test/tree.ts";
import { link } from "./link.ts";
import { secretLiterals } from "./secrets.ts";

it("takes a secret for one, and the place of a key for none", async () => {
  const files = tree({
    "compose.yml":
      "services:\n  web:\n    image: acme/web:1\n    environment:\n      API_SECRET: kq7Lm2Xw9Tz4\n      GOOGLE_CREDENTIALS: /run/creds/captcha.json\n      PRIVATE_KEY: static/keys/access.pem\n",
  });
  expect([...secretLiterals(await link(files))]).toEqual(["kq7Lm2Xw9Tz4"]);
});
