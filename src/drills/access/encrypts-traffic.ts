import { NotSeen, type Scene } from "../../core/drill.ts";
import type { HttpAnswer } from "../../core/engine.ts";
import { openPorts } from "../../stack/query-ports.ts";
import { tlsElsewhere } from "../../stack/query-proxy.ts";
import type { Service } from "../../stack/stack.ts";
import { defineDrill } from "../drill.ts";
import { longRunning } from "../targets.ts";
import {
  apiPaths,
  ask,
  cookiesOf,
  type Door,
  doorOf,
  facesVisitors,
  header,
  type Ports,
  portsOf,
  type Response,
  refute,
  responses,
  sizeLimit,
  type Weakness,
  weaknesses,
} from "./front-door.ts";

export default defineDrill({
  id: "access/encrypts-traffic",
  title: "Visitors get current encryption, and are told to stay with it",
  claim: "encrypts-traffic",
  disturbs:
    "Asks the front door plainly and with old and weak encryption, for pages, assets, the API and what is not there.",
  targets: stack =>
    longRunning(stack)
      .filter(facesVisitors)
      .map(({ name }) => ({ subject: name, services: [name] })),
  async run(scene, { subject }, stack) {
    const { lab } = scene;
    await scene.steady(`${subject} serves`, () => lab.serves(subject));
    const door = await doorOf(lab, subject);
    const service = stack.project.services.find(({ name }) => name === subject)!;
    const published = openPorts(service).filter(({ protocol }) => protocol === "tcp");
    const numbers = [...new Set(published.flatMap(({ target }) => target ?? []))];
    let ports: Ports = { tls: [], plain: new Map() };
    await scene.disturb(`ask ${numbers.map(port => `port ${port}`).join(", ")} as ${door.host}`, async () => {
      ports = await portsOf(door, numbers);
      const spoken = [
        ...ports.tls.map(({ port, certificate }) => `${port}: ${certificate.protocol}`),
        ...[...ports.plain].map(([port, { status }]) => `${port}: plain HTTP, ${status}`),
      ];
      if (spoken.length === 0) throw new NotSeen("neither HTTP nor TLS is spoken there");
      return spoken.join(", ");
    });
    const { tls } = ports;
    if (tls.length === 0)
      await scene.steady("this project is where TLS would end", async () => {
        if (tlsElsewhere(stack.stack, stack.project))
          throw new NotSeen("it speaks none in the clone, and the files show that it is spoken elsewhere");
        return "nothing in the files says otherwise";
      });
    await scene.alsoHolds("plain HTTP leads to TLS", async () => {
      refute(plainAnswers(ports));
      return ports.plain.size === 0 ? "there is none" : "it does";
    });
    // Without TLS there is nothing more to ask.
    if (tls.length === 0) return;
    const weak: Weakness[] = [];
    await scene.disturb("offer SSL 3.0, TLS 1.0 and 1.1, and ciphers that protect nothing", async () => {
      for (const { port } of tls) weak.push(...(await weaknesses(door, port)));
      return weak.length === 0 ? "all are refused" : `${weak.map(({ what }) => what).join(", ")} agreed to`;
    });
    await scene.alsoHolds("only current encryption is agreed to", async () => {
      refute(weak.map(({ port, what }) => `port ${port} agrees to ${what}`));
      return tls.map(({ certificate: { protocol, cipher } }) => `${protocol} with ${cipher}`).join(", ");
    });
    await scene.alsoHolds("the certificate is in its time", async () => {
      const now = lab.engine.now();
      const dates = tls.map(({ port, certificate: { validFrom, validTo } }) => ({
        port,
        validFrom,
        validTo,
      }));
      refute(dates.filter(one => Date.parse(one.validTo) < now).map(one => `it ended on ${one.validTo}`));
      refute(
        dates.filter(one => Date.parse(one.validFrom) > now).map(one => `it begins on ${one.validFrom}`),
      );
      const days = (one: { validTo: string }) => Math.round((Date.parse(one.validTo) - now) / 86_400_000);
      return dates.map(one => `port ${one.port}: ${days(one)} days left`).join(", ");
    });
    for (const { certificate } of tls.filter(one => one.certificate.selfSigned))
      scene.note("the certificate", `it is self-signed (${certificate.subject}), as a placeholder is`);
    const found = await everyKind(scene, door, tls[0]!.port, longRunning(stack));
    await scene.alsoHolds("what a page is told about security, every response is told", async () => {
      refute(lost(found));
      return said(found);
    });
    await scene.alsoHolds("cookies are for TLS only", async () => {
      const cookies = found.flatMap(({ path, answer }) =>
        cookiesOf(answer).map(cookie => ({ path, cookie })),
      );
      const open = cookies.filter(({ cookie }) => !/;\s*secure\s*(;|$)/i.test(cookie));
      refute(open.map(({ path, cookie }) => `${path} sets ${nameOf(cookie)} without Secure`));
      return cookies.length === 0 ? "none is set" : cookies.map(({ cookie }) => nameOf(cookie)).join(", ");
    });
    scene.note("a request of a gigabyte", await sizeLimit(door, tls[0]!.port));
  },
});

function plainAnswers({ plain }: Ports): string[] {
  const faults: string[] = [];
  for (const [port, answer] of plain) {
    const to = header(answer, "location") ?? "";
    const leads = answer.status! >= 300 && answer.status! < 400 && to.startsWith("https:");
    if (leads) continue;
    const where = to === "" ? "" : ` to ${to}`;
    faults.push(`port ${port} answers ${answer.status}${where} in plain HTTP`);
  }
  return faults;
}

/** Pages that mostly set a cookie; where there is none of them, nothing is lost by asking. */
const signIn = ["/login", "/admin/login/", "/accounts/login/"];

async function everyKind(
  scene: Scene,
  door: Door,
  port: number,
  services: readonly Service[],
): Promise<readonly Response[]> {
  const { lab } = scene;
  const others = services.map(({ name }) => name).filter(name => name !== door.service);
  let found: Response[] = [];
  await scene.disturb("ask for a page, an asset, the API and what is not there", async () => {
    found = await responses(door, port, apiPaths(lab, others));
    for (const path of signIn) {
      const answer = await ask(door, port, path);
      if (answer.status !== undefined && cookiesOf(answer).length > 0)
        found.push({ kind: "page for signing in", path, answer });
    }
    if (found.length === 0) throw new NotSeen("nothing is answered over TLS");
    return found.map(({ kind, path, answer }) => `${kind} ${path}: ${answer.status}`).join(", ");
  });
  return found;
}

/** Headers by which a site protects its visitors; `page` ones mean something on pages for people only. */
const protections = [
  { name: "strict-transport-security", page: false },
  { name: "x-content-type-options", page: false },
  { name: "x-frame-options", page: true },
  { name: "content-security-policy", page: true },
  { name: "referrer-policy", page: true },
];

/** What the front page has and another response lacks: mostly a location with headers of its own. */
function lost(found: readonly Response[]): string[] {
  const page = found.find(({ kind }) => kind === "page");
  if (!page) return [];
  return protections
    .filter(({ name }) => header(page.answer, name) !== undefined)
    .flatMap(({ name, page: htmlOnly }) =>
      found
        .filter(({ kind, answer }) => !htmlOnly || (/page/.test(kind) && isHtml(answer)))
        .filter(({ answer }) => header(answer, name) === undefined)
        .map(({ kind, path, answer }) => `${name} is not on the ${kind} ${path} (${answer.status})`),
    );
}

function isHtml(answer: HttpAnswer): boolean {
  return (header(answer, "content-type") ?? "").includes("text/html");
}

function said(found: readonly Response[]): string {
  const page = found.find(({ kind }) => kind === "page");
  if (!page) return "there is no page";
  const names = protections.filter(({ name }) => header(page.answer, name) !== undefined);
  const absent = protections.filter(one => !names.includes(one)).map(({ name }) => name);
  const without = absent.length > 0 ? `; nowhere: ${absent.join(", ")}` : "";
  return `${names.map(({ name }) => name).join(", ") || "nothing"} on ${found.length} kinds of response${without}`;
}

function nameOf(cookie: string): string {
  return cookie.split("=", 1)[0]!;
}
