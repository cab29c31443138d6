import { expect, it } from "vitest";
import type { PageFile } from "../pages/page.ts";
import { pageFiles } from "../pages/page-files.ts";
import { link } from "../stack/link.ts";
import { separateDoor } from "./networks.ts";

const file = (path: string, text: string): PageFile => ({
  path,
  text,
  ignored: false,
  untracked: false,
  directory: false,
});

async function separated(compose: string, nginx: string) {
  const conf = `events {}\nhttp {\n  server {\n    listen 80;\n    ${nginx}\n  }\n}\n`;
  const stack = await link(pageFiles([file("compose.yml", compose), file("nginx.conf", conf)]));
  const project = stack.projects[0]!;
  return separateDoor(stack, project, project.services.find(service => service.name === "proxy")!);
}

const services = (extra = "", web = "") =>
  `services:\n  proxy:\n    image: nginx:1.27\n    ports: ["80:80"]\n    volumes: ["./nginx.conf:/etc/nginx/nginx.conf:ro"]\n${extra}  web:\n    image: example/web:1\n${web}  db:\n    image: postgres:16\n`;
const toWeb = "location / { proxy_pass http://web:8000; }";

it("moves the door and what it passes requests to", async () => {
  expect((await separated(services(), toWeb))?.edits).toHaveLength(3);
});

it.each([
  ["a variable names the upstream", services(), "location / { set $up web; proxy_pass http://$up:8000; }"],
  ["it serves files alone", services(), "location / { root /srv; }"],
  ["it passes requests to a store", services(), `${toWeb} location /db { proxy_pass http://db:8080; }`],
  ["it is on two networks", `${services("    networks: [a, b]\n")}networks: { a: {}, b: {} }\n`, toWeb],
  [
    "names of its own hang on a network",
    services("", "    networks: { default: { aliases: [app] } }\n"),
    toWeb,
  ],
  ["the application shares another network", services("", "    network_mode: host\n"), toWeb],
  ["both names are taken", `${services()}networks:\n  front:\n  edge:\n`, toWeb],
])("leaves it alone where %s", async (_, compose, nginx) => {
  expect(await separated(compose, nginx)).toBeUndefined();
});
