import { evidence, listPlain } from "../../stack/query.ts";
import { settingsLogins } from "../../stack/query-settings-logins.ts";
import { defineRule } from "../rule.ts";

export default defineRule({
  id: "secrets/settings-login",
  title: "The settings file that comes with the code logs in to nothing on the internet",
  claim: "no-secret-leaks",
  severity: "high",
  why: "Everyone who may read the repository, an image of it or an old copy logs in with it from anywhere, and no setting of the server changes that.",
  *check(stack) {
    const logins = settingsLogins(stack);
    if (logins.length === 0) return;
    const files = [...new Set(logins.flatMap(({ places }) => places.map(({ file }) => file)))];
    const many = files.length > 3;
    const where = many ? `${files.length} settings files` : listPlain(files);
    const [first, ...more] = logins.map(({ opens, places }) =>
      evidence(
        places[0]!,
        `opens ${opens}${places.length > 1 ? `, and stands in ${places.length} places` : ""}`,
      ),
    );
    yield {
      subject: files[0]!,
      message: `${where} ${files.length === 1 ? "logs" : "log"} in to ${listPlain([...new Set(logins.map(({ opens }) => opens))])} with what stands there.`,
      evidence: [first!, ...more],
      confidence: "likely",
    };
  },
});
