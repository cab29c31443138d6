import { concrete } from "../../artifacts/value.ts";
import type { Edit } from "../../core/fix.ts";
import { sourceOf } from "../../core/project-files.ts";
import type { Location } from "../../core/source.ts";
import { sites } from "../../remedies/cors.ts";
import { extendList, listByEnvironment } from "../../remedies/django-settings.ts";
import { setWhatIsAsked } from "../../remedies/env-example.ts";
import { offer } from "../../remedies/offer.ts";
import { evidence, serverServices, weigh } from "../../stack/query.ts";
import { fastApisInForce } from "../../stack/query-app.ts";
import { openPorts } from "../../stack/query-ports.ts";
import { settingHere, settingsInForce, textsOf } from "../../stack/query-settings.ts";
import type { Service, Stack } from "../../stack/stack.ts";
import { defineRule } from "../rule.ts";

interface Origins {
  readonly subject: string;
  readonly service: Service;
  readonly origins: readonly string[] | undefined;
  readonly at: Location;
  readonly givenAt?: Location;
  readonly edits?: () => readonly Edit[] | undefined;
}

const local = /^https?:\/\/(?:localhost|127\.0\.0\.1|0\.0\.0\.0|\[::1\])(?::\d+)?\/?$/;
const pages = new Set(["next", "vite", "cra"]);

export default defineRule({
  id: "access/cors-local",
  title: "The API accepts calls from the site's real address",
  claim: "boots-healthy",
  severity: "high",
  why: "The browser blocks every call from an origin that the API does not allow: the site loads and shows nothing.",
  *check(stack) {
    for (const { subject, service, origins, at, givenAt, edits } of [...django(stack), ...fastApi(stack)]) {
      if (!origins || origins.length === 0 || !origins.every(origin => local.test(origin))) continue;
      const api = openPorts(service)[0];
      // On one origin, behind a proxy, no permission is needed.
      const site = serverServices(stack).find(
        other =>
          other.project === service.project &&
          other !== service &&
          pages.has(other.component?.kind ?? "") &&
          openPorts(other).length > 0,
      );
      if (!api || !site) continue;
      yield {
        subject,
        message: `The API in service "${service.name}" allows calls only from pages that were opened on the machine itself: browsers block the calls of site "${site.name}" under its real address.`,
        evidence: [
          evidence(givenAt ?? at, "local origins only"),
          ...(givenAt ? [evidence(at, "read here")] : []),
          evidence(api.at, "the API has an origin of its own"),
          evidence(openPorts(site)[0]!.at, "and so has the site"),
        ],
        severity: weigh(service, "high"),
        // The site may fetch on its server, or through a proxy that is not in the repository; one that is there may well
        // serve both under one address.
        confidence: serverServices(stack).some(
          other =>
            other.project === service.project &&
            other !== site &&
            other.kind === "proxy" &&
            openPorts(other).length > 0,
        )
          ? "possible"
          : "likely",
        fix: () => {
          const made = edits?.();
          return offer(
            {
              title: "Take the allowed origins from the environment",
              grade: "needs-testing",
              test: "Open the site under its real address, and look for refused calls in the browser's console.",
              ...setWhatIsAsked(stack, service.project, made),
            },
            made,
          );
        },
      };
    }
  },
});

function* django(stack: Stack): Generator<Origins> {
  for (const here of settingsInForce(stack)) {
    const all = settingHere(here, "CORS_ALLOW_ALL_ORIGINS");
    const found = settingHere(here, "CORS_ALLOWED_ORIGINS");
    if (!found || (all && all.value !== false) || !here.complete) continue;
    if (here.settings.values.has("CORS_ALLOWED_ORIGIN_REGEXES")) continue;
    const { at, givenAt } = found;
    const isUnset = found.setting?.kind === "env" && !givenAt;
    if (isUnset) continue;
    const origins = textsOf(found.value);
    yield {
      subject: here.settings.file,
      service: here.service,
      origins,
      at,
      ...(givenAt ? { givenAt } : {}),
      edits: () => listByEnvironment(stack, here, found, { kept: origins ?? [], variable: sites }),
    };
  }
}

function* fastApi(stack: Stack): Generator<Origins> {
  for (const { app, service, lookup } of fastApisInForce(stack)) {
    const cors = app.middleware.find(each => each.name === "CORSMiddleware");
    const value = cors?.options.get("allow_origins");
    if (!value || cors?.options.has("allow_origin_regex") || isExtended(stack, value.at)) continue;
    const origins = textsOf(concrete(value, lookup));
    yield {
      subject: app.file,
      service,
      origins,
      at: value.at,
      edits: () =>
        extendList(stack, [service], value.at, { kept: origins ?? [], had: origins ?? [], variable: sites }),
    };
  }
}

/** `origins += settings.origins`: the list that stands in the code is not the whole one. */
function isExtended(stack: Stack, { file, span }: Location): boolean {
  const text = sourceOf(stack, file)?.text ?? "";
  const name =
    /^[A-Za-z_]\w*$/.exec(text.slice(span.start, span.end))?.[0] ??
    /(\w+)[ \t]*(?::[^=\n]*)?=[ \t]*$/.exec(text.slice(Math.max(0, span.start - 80), span.start))?.[1];
  return (
    name !== undefined && new RegExp(`\\b${name}[ \\t]*(?:\\+=|\\.(?:extend|append|insert)\\()`).test(text)
  );
}
