import { type Concrete, concrete, entryOf } from "../../artifacts/value.ts";
import { sourceOf } from "../../core/project-files.ts";
import type { Location } from "../../core/source.ts";
import { offer } from "../../remedies/offer.ts";
import { evidence, weigh } from "../../stack/query.ts";
import { type SettingsInForce, settingsInForce } from "../../stack/query-settings.ts";
import { tokenLifetimes } from "../../stack/query-token-lifetimes.ts";
import type { Stack } from "../../stack/stack.ts";
import { defineRule } from "../rule.ts";

const hour = 3_600;
const day = 24 * hour;
/** What the package itself takes for a lifetime that is not set, in seconds. */
const defaults = { ACCESS_TOKEN_LIFETIME: 300, REFRESH_TOKEN_LIFETIME: day };

export default defineRule({
  id: "access/token-lifetime",
  title: "Access tokens expire soon, and before the tokens that renew them",
  claim: "no-secret-leaks",
  severity: "medium",
  why: "A signed access token cannot be called back: a stolen one works until it expires, whatever happens to the password or the account.",
  *check(stack) {
    yield* signedInCode(stack);
    for (const here of settingsInForce(stack)) {
      const access = lifetime(here, "ACCESS_TOKEN_LIFETIME");
      const refresh = lifetime(here, "REFRESH_TOKEN_LIFETIME");
      const at = access?.at;
      if (!at || access.seconds === undefined) continue;
      const isInverted = refresh?.seconds !== undefined && access.seconds > refresh.seconds;
      if (!isInverted && access.seconds <= day) {
        yield {
          subject: here.settings.file,
          kept: evidence(at, `expires after ${spell(access.seconds)}`),
        };
        continue;
      }
      const longer = isInverted ? `, longer than the refresh tokens with ${spell(refresh.seconds!)}` : "";
      yield {
        subject: here.settings.file,
        message: `Access tokens of service "${here.service.name}" are valid for ${spell(access.seconds)}${longer}: a stolen one works all that time, also after a change of the password.`,
        evidence: [
          evidence(at, "lifetime of an access token"),
          ...(isInverted && refresh.at ? [evidence(refresh.at, "lifetime of a refresh token")] : []),
        ],
        severity: weigh(here.service, access.seconds >= 30 * day ? "high" : "medium"),
        ...(here.complete ? {} : { confidence: "likely" as const }),
        fix: () =>
          offer(
            {
              title: "Let access tokens expire after an hour",
              grade: "needs-testing",
              test: "Stay signed in for more than an hour in every client: each has to ask for a new token by itself.",
            },
            shorter(stack, at, refresh?.seconds),
          ),
      };
    }
  },
});

/** Where tokens renew them they may be short; alone, a week is what people take for a session. */
function* signedInCode(stack: Stack) {
  for (const { service, seconds, at, renewed } of tokenLifetimes(stack)) {
    if (renewed ? seconds <= day : seconds < 7 * day) {
      yield { subject: service.name, kept: evidence(at, `expires after ${spell(seconds)}`) };
      continue;
    }
    yield {
      subject: service.name,
      message: `Access tokens of service "${service.name}" are valid for ${spell(seconds)}, and nothing in its code calls one back: a stolen one works all that time, also after a change of the password.`,
      evidence: [evidence(at, "lifetime of an access token")] as const,
      severity: weigh(service, seconds >= 90 * day ? "high" : "medium"),
      confidence: "likely" as const,
    };
  }
}

function lifetime(
  here: SettingsInForce,
  name: keyof typeof defaults,
): { seconds: number | undefined; at?: Location } | undefined {
  const settings = here.settings.values.get("SIMPLE_JWT");
  if (settings?.kind !== "dict") return undefined;
  const value = entryOf(settings, name);
  if (!value) return settings.complete ? { seconds: defaults[name] } : undefined;
  const seconds: Concrete | undefined = concrete(value, here.lookup);
  return { seconds: typeof seconds === "number" ? seconds : undefined, at: value.at };
}

function spell(seconds: number): string {
  const [unit, name] =
    seconds >= 2 * day ? [day, "day"] : seconds >= 2 * hour ? [hour, "hour"] : [60, "minute"];
  const count = Math.round((seconds / (unit as number)) * 10) / 10;
  return `${count} ${name}${count === 1 ? "" : "s"}`;
}

/** Where the lifetime is written as one call that makes it. */
function shorter(stack: Stack, at: Location, refresh: number | undefined) {
  const text = sourceOf(stack, at.file)?.text.slice(at.span.start, at.span.end) ?? "";
  const maker = /^((?:datetime\.)?timedelta)\([^()]*\)$/.exec(text)?.[1];
  if (maker === undefined || (refresh !== undefined && refresh <= hour)) return undefined;
  return [{ at, text: `${maker}(hours=1)` }];
}
