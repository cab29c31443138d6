import type { Location } from "../../core/source.ts";
import { evidence, serverServices, weigh } from "../../stack/query.ts";
import { loopbackFix, openPorts, portNumbers } from "../../stack/query-ports.ts";
import type { Service } from "../../stack/stack.ts";
import { defineRule } from "../rule.ts";

interface Debugger {
  readonly what: string;
  readonly port: number;
  readonly at: Location;
}

export default defineRule({
  id: "access/debug-port",
  title: "No debugger listens on a published port",
  claim: "exposes-only-the-front-door",
  severity: "critical",
  why: "A debugger runs any code for whoever connects, without a login: it is a shell on the internet.",
  *check(stack) {
    for (const service of serverServices(stack)) {
      const found = debuggerOf(service);
      if (!found) continue;
      const ports = openPorts(service).filter(port => port.target === found.port);
      const [first, ...more] = ports;
      if (!first) continue;
      yield {
        subject: service.name,
        message: `The ${found.what} of service "${service.name}" is published on ${portNumbers(ports)} of the server and runs code for whoever connects.`,
        evidence: [
          evidence(first.at, "published on every address"),
          ...more.map(port => evidence(port.at, "published on every address")),
          evidence(found.at, "a debugger is started here"),
        ],
        severity: weigh(service, "critical"),
        fix: () => loopbackFix(stack, service, ports),
      };
    }
  },
});

/** The debugger that a service starts for other machines, by its command or the options of its runtime. */
function debuggerOf(service: Service): Debugger | undefined {
  const words = (service.process?.commands ?? []).flat();
  const options = service.environment.filter(each =>
    /^(?:NODE_OPTIONS|JAVA_TOOL_OPTIONS|JAVA_OPTS)$/.test(each.name),
  );
  const texts = [
    ...words.map(word => ({ text: word.value ?? "", at: word.at })),
    ...options.map(each => ({ text: each.value?.text ?? "", at: each.nameAt })),
  ];
  for (const { text, at } of texts) {
    const node = /(?:^|\s)--inspect(?:-brk)?=(?:0\.0\.0\.0|\[::\])(?::(\d+))?/.exec(text);
    if (node) return { what: "Node inspector", port: Number(node[1] ?? 9229), at };
    const java = /jdwp=\S*address=(?:\*|0\.0\.0\.0):(\d+)/.exec(text);
    if (java) return { what: "Java debugger", port: Number(java[1]), at };
  }
  const python = words.findIndex(word => word.value === "debugpy");
  const listen =
    python === -1 ? undefined : words.slice(python).find(word => /^0\.0\.0\.0:\d+$/.test(word.value ?? ""));
  return listen && { what: "Python debugger", port: Number(listen.value!.split(":")[1]), at: listen.at };
}
