import type { Edit } from "../core/fix.ts";
import { type SettingHere, type SettingsInForce, settingHere } from "../stack/query-settings.ts";
import type { Stack } from "../stack/stack.ts";
import {
  addSettings,
  giveToAll,
  listFromEnvironment,
  replaceSetting,
  textThatIsFalse,
} from "./django-settings.ts";

/** The variable that names the sites which may call an API. */
export const sites = {
  name: "CORS_ALLOWED_ORIGINS",
  example: "https://www.example.org",
  says: "addresses of the sites that may call the API, with commas",
};

/** Off, with the list of sites that may call taken from the environment where there is none yet. */
export function closeOrigins(
  stack: Stack,
  here: SettingsInForce,
  open: SettingHere,
): readonly Edit[] | undefined {
  const [name] = open.setting?.env?.names ?? [];
  if (open.setting?.kind === "env" && name !== undefined) {
    const value = [...here.settings.values.values()].find(each => each.at === open.at);
    const text = value && textThatIsFalse(value, here.lookup, name);
    return text === undefined
      ? undefined
      : giveToAll(
          stack,
          here.services,
          { name, example: text, says: "whether any site may call the API" },
          text,
        );
  }
  const off = open.setting?.kind === "literal" ? replaceSetting(stack, open.at, "False") : undefined;
  if (!off || settingHere(here, "CORS_ALLOWED_ORIGINS")) return off;
  if (["CORS_ORIGIN_WHITELIST", "CORS_ALLOWED_ORIGIN_REGEXES"].some(each => here.settings.values.has(each)))
    return off;
  const list = addSettings(
    stack,
    here,
    [`${sites.name} = ${listFromEnvironment(sites.name)}`],
    open.at,
    true,
  );
  const given = giveToAll(stack, here.services, sites, `\${${sites.name}:?${sites.says}}`);
  return list && given && [...off, ...list, ...given];
}
