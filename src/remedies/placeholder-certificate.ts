import type { Edit, Fix } from "../core/fix.ts";
import { sourceOf } from "../core/project-files.ts";
import type { NginxDirective } from "../formats/nginx.ts";
import { pairOf } from "../formats/yaml.ts";
import { addItem, addPair, replaceNode } from "../formats/yaml-edit.ts";
import { neededCertificates } from "../stack/query-certificates.ts";
import type { ProxyInstance, Service, Stack } from "../stack/stack.ts";
import { addServices, declareNames } from "./compose-file.ts";
import { creation } from "./new-file.ts";
import { allEdits, nginxSource } from "./nginx.ts";

const folder = "certificate-start";
const live = "/etc/letsencrypt/live/";
const chosen = "/etc/nginx/live/";
const volume = "placeholder";

/**
 * Lets an nginx of the official image start with a self-signed pair until certbot has got the real one through it. The
 * pair is made by certbot's own image, which has openssl where small nginx images have not, and outside of certbot's
 * folder, since certbot writes into no folder that it does not own.
 */
export function placeholderFix(stack: Stack, proxy: ProxyInstance, certbot: Service): Fix | undefined {
  const { service } = proxy;
  const names = service && certificateNames(proxy);
  const source = service && sourceOf(stack, service.project.files.at(-1)!);
  if (!service || !names || !source || !certbot.image || isTaken(stack, service)) return undefined;
  const { edits: files } = creation(
    [
      { path: `${folder}/start.sh`, text: start(names) },
      { path: `${folder}/placeholder.sh`, text: placeholderScript },
    ],
    service.project.directory,
  );
  const parts = [
    addServices(source, [placeholder(certbot.image.raw)]),
    declareNames(source, "volumes", [volume]),
    allEdits(certificateArgs(proxy.effective.tree).map(arg => elsewhere(stack, arg))),
    started(stack, service),
  ];
  if (!parts.every(part => part !== undefined)) return undefined;
  return {
    title: "Start with a placeholder until there is a certificate",
    grade: "big-change",
    edits: [...parts.flat(), ...files],
    test: "Start it on an empty server, ask for a certificate of the authority's staging directory, and see it served a minute later.",
    afterwards: `Ask for the first certificate once nginx runs: certbot certonly --webroot, for ${names.join(" and ")}.`,
  };
}

/** Names of the folders that all certificates stand in; undefined where one stands elsewhere or is filled in later. */
function certificateNames(proxy: ProxyInstance): readonly string[] | undefined {
  const names = neededCertificates(proxy).map(({ value, mount }) =>
    mount?.target === "/etc/letsencrypt"
      ? /^\/etc\/letsencrypt\/live\/([\w.-]+)\/fullchain\.pem$/.exec(value)?.[1]
      : undefined,
  );
  const whole = names.filter(name => name !== undefined);
  // Parameters for key exchange and the like are files that certbot brings, too.
  const isOther = (tree: readonly NginxDirective[]): boolean =>
    tree.some(
      ({ args, block }) =>
        args.some(arg => arg.value.startsWith("/etc/letsencrypt/") && !arg.value.startsWith(live)) ||
        isOther(block ?? []),
    );
  return whole.length === names.length && whole.length > 0 && !isOther(proxy.effective.tree)
    ? [...new Set(whole)]
    : undefined;
}

function isTaken(stack: Stack, service: Service): boolean {
  const { project } = service;
  const directory = project.directory === "" ? folder : `${project.directory}/${folder}`;
  return (
    service.facts?.family !== "nginx" ||
    service.entrypoint !== undefined ||
    service.text("read_only")?.text === "true" ||
    stack.files.has(directory) !== undefined ||
    project.services.some(other => other.name === volume) ||
    project.volumes.some(each => each.name === volume)
  );
}

function certificateArgs(tree: readonly NginxDirective[]): NginxDirective["args"][number][] {
  return tree.flatMap(({ name, args, block }) => [
    ...(/^ssl_(?:certificate|certificate_key|trusted_certificate|stapling_file)$/.test(name.value)
      ? args.slice(0, 1)
      : []),
    ...certificateArgs(block ?? []),
  ]);
}

function elsewhere(stack: Stack, arg: NginxDirective["args"][number]): Edit | undefined {
  const source = nginxSource(stack, arg.at);
  const isWritten = source?.text.slice(arg.at.span.start, arg.at.span.end) === arg.raw;
  if (!isWritten || !arg.value.startsWith(live)) return undefined;
  return { at: arg.at, text: arg.raw.replace(live, chosen) };
}

/** The service starts by the script, which takes the place of a loop that reloads; another command stays. */
function started(stack: Stack, service: Service): readonly Edit[] | undefined {
  const source = sourceOf(stack, service.at.file);
  const { node, command } = service;
  const [commands, volumes, needs] = ["command", "volumes", "depends_on"].map(key => pairOf(node, key));
  const text = '["/bin/sh", "/opt/certificate-start/start.sh"]';
  const isKnown = /^(?:.*\bnginx -s reload\b.*)?\bnginx -g ["']?daemon off;["']*\s*$/s.test(
    command?.text.trim() ?? "",
  );
  if (!source || volumes?.value.kind !== "seq" || (commands && !isKnown)) return undefined;
  const list = volumes.value;
  const head = ["image", "container_name"];
  return allEdits([
    commands ? replaceNode(commands.value, text) : addPair(source, node, [`command: ${text}`], head),
    addItem(source, list, `./${folder}:/opt/certificate-start:ro`),
    addItem(source, list, `${volume}:/opt/placeholder:ro`),
    needs?.value.kind === "seq"
      ? addItem(source, needs.value, volume)
      : needs?.value.kind === "map"
        ? addPair(source, needs.value, [`${volume}:`, "  condition: service_completed_successfully"])
        : addPair(source, node, [`depends_on: [${volume}]`], [...head, "command"]),
  ]);
}

function placeholder(image: string): string[] {
  return [
    `${volume}:`,
    `  image: ${image}`,
    '  restart: "no"',
    "  network_mode: none",
    "  # Once: the pair stays in its volume.",
    '  entrypoint: ["/bin/sh", "/opt/certificate-start/placeholder.sh"]',
    "  volumes:",
    `    - ./${folder}:/opt/certificate-start:ro`,
    `    - ${volume}:/opt/placeholder`,
  ];
}

function start(names: readonly string[]): string {
  return `#!/bin/sh
# nginx does not start without a certificate, and certbot gets none without nginx. This serves a placeholder until
# certbot has got the first one, and each new certificate from then on.
set -eu
choose() {
    for name in ${names.join(" ")}; do
        if [ -e "${live}$name/fullchain.pem" ]; then
            ln -sfn "${live}$name" "${chosen}$name"
        else
            ln -sfn /opt/placeholder "${chosen}$name"
        fi
    done
}
state() { cat ${chosen}*/fullchain.pem | cksum; }

# nginx keeps a certificate in memory, so it is told when there is another one.
watch() {
    seen=$(state)
    while sleep 60; do
        choose
        now=$(state)
        if [ "$now" != "$seen" ] && nginx -t -q && nginx -s reload; then
            seen=$now
        fi
    done
}

until [ -e /opt/placeholder/fullchain.pem ]; do sleep 1; done
mkdir -p ${chosen}
choose
watch &
exec /docker-entrypoint.sh nginx -g "daemon off;"
`;
}

/** `fullchain.pem` comes last and whole: the other script waits for it. */
const placeholderScript = `#!/bin/sh
# Makes a self-signed pair, once. It protects nothing: browsers refuse it until certbot has got the real one.
set -eu
cd /opt/placeholder
if [ -e fullchain.pem ]; then exit 0; fi
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 90 -subj /CN=placeholder \\
    -keyout privkey.pem -out chain.pem
cp chain.pem cert.pem
cp chain.pem making.pem
mv making.pem fullchain.pem
`;
