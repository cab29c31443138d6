import { inside, join } from "../../core/path.ts";
import type { Located } from "../../core/source.ts";
import { evidence, gradeOf, weigh } from "../../stack/query.ts";
import { startText } from "../../stack/query-certificates.ts";
import {
  type Answer,
  challenge,
  challengeAnswer,
  mountOf,
  unmountedChallenge,
} from "../../stack/query-challenge.ts";
import { serverProxies } from "../../stack/query-proxy.ts";
import type { Mount, Service, Stack } from "../../stack/stack.ts";
import { defineRule } from "../rule.ts";

export default defineRule({
  id: "proxy/challenge-path",
  title: "The proxy serves the challenge from where certbot writes it",
  claim: "encrypts-traffic",
  severity: "high",
  why: "The authority asks for a file that the proxy does not find: no certificate is renewed, and after 90 days at most every browser refuses the site.",
  *check(stack) {
    for (const proxy of serverProxies(stack)) {
      const { service, effective } = proxy;
      if (!service || effective.gaps.length > 0) continue;
      const idle = unmountedChallenge(stack, proxy);
      if (idle)
        yield {
          subject: service.name,
          message: `The proxy "${service.name}" looks for the challenge of its certificate in ${idle.root}, where nothing is mounted: whoever renews the certificate cannot put it there.`,
          severity: weigh(service, "medium"),
          confidence: "likely" as const,
          evidence: [
            evidence(idle.at, "nothing is mounted there"),
            evidence(idle.certificate, "has to be renewed every 90 days"),
          ],
        };
      for (const certbot of service.project.services) {
        const webroot = certbot === service ? undefined : webrootOf(stack, certbot);
        if (!webroot) continue;
        const answer = challengeAnswer(proxy);
        if (!answer) continue;
        const wrong = wrongWith(service, certbot, webroot.value, answer);
        if (!wrong) {
          yield { subject: service.name, kept: evidence(answer.at, "serves what certbot writes") };
          continue;
        }
        yield {
          subject: service.name,
          message: `The challenge of "${certbot.name}" never reaches the authority: it writes to ${webroot.value}, and the proxy "${service.name}" ${wrong.because}.`,
          severity: weigh(service, "high"),
          evidence: [evidence(answer.at, wrong.shows), evidence(webroot.at, "the challenge is written here")],
        };
      }
    }
  },
});

/** The directory that certbot is told to write challenges to, by its own command or by a script that runs it. */
function webrootOf(stack: Stack, certbot: Service): Located<string> | undefined {
  if (certbot.kind !== "certificates" && !/certbot/.test(certbot.imageRef?.family ?? "")) return undefined;
  const option = /(?:--webroot-path[= ]|-w )\s*["']?(\/[\w./-]*)/;
  const own = option.exec(startText(certbot))?.[1];
  const at = (certbot.command ?? certbot.entrypoint)?.at;
  if (own !== undefined && at) return { value: own, at };
  for (const { call } of stack.calls) {
    if (call.kind !== "compose" || call.subcommand !== "run") continue;
    const words = call.args.map(each => each.value ?? "$");
    if (!words.includes(certbot.name)) continue;
    const found = option.exec(words.join(" "))?.[1];
    if (found !== undefined) return { value: found, at: call.at };
  }
  return undefined;
}

interface Wrong {
  /** After "the proxy". */
  readonly because: string;
  readonly shows: string;
}

function wrongWith(proxy: Service, certbot: Service, webroot: string, answer: Answer): Wrong | undefined {
  if (answer.kind === "proxy")
    return { because: `hands requests for it to ${answer.host}`, shows: "answers the challenge" };
  if (answer.kind === "return")
    return answer.code >= 400
      ? { because: "refuses requests for it", shows: "answers the challenge" }
      : undefined;
  const written = mountOf(certbot, webroot);
  if (answer.kind !== "static" || answer.root === undefined || !written) return undefined;
  const { root } = answer;
  // `alias` names the place of the challenges themselves; `root` stands above them.
  const served = [root, join(root, "../..")].map(each => ({ path: each, mount: mountOf(proxy, each) }));
  if (!served[0]!.mount) {
    if (proxy.build || gradeOf(proxy) === "development") return undefined;
    return {
      because: `looks for it in ${root}, where nothing is mounted`,
      shows: "nothing is mounted there",
    };
  }
  const place = placeOf(written, webroot);
  const places = served.flatMap(({ path, mount }) => (mount ? [placeOf(mount, path)] : []));
  if (place === undefined || places.includes(undefined) || places.includes(place)) return undefined;
  if (places.includes(`${place}${challenge}`)) return undefined;
  return {
    because: `looks for it in ${root}, which is another directory`,
    shows: "another directory than certbot's",
  };
}

/** Where a path of a container lies on the host, or in which volume. */
function placeOf(mount: Mount, path: string): string | undefined {
  const source = mount.repositoryPath ?? mount.source;
  const below = inside(mount.target, path.replace(/\/+$/, ""));
  return source === undefined || below === undefined ? undefined : `${mount.type}:${join(source, below)}`;
}
