import { basename } from "../core/path.ts";
import { sourceOf } from "../core/project-files.ts";
import { serverServices } from "./query.ts";
import { pagesOf } from "./query-pages.ts";
import { wordsOf } from "./query-release.ts";
import { calledAs, isWorkstationCall, servicesInside, worksForWork } from "./query-scripts.ts";
import type { PlacedCall, Service, Stack } from "./stack.ts";

/** Restores that drop a database of PostgreSQL while programs are connected to it, which PostgreSQL refuses. */
export interface DroppedInUse {
  readonly placed: PlacedCall;
  readonly store: Service;
  /** A program that keeps connections to it open. */
  readonly user: Service;
}

export function droppedInUse(stack: Stack): DroppedInUse[] {
  const seen = new Set<string>();
  return stack.calls.flatMap(placed => {
    const { call, caller } = placed;
    if (!drops(wordsOf(call), call.name) || !restoring.test(calledAs(placed)) || seen.has(caller.file))
      return [];
    if (isWorkstationCall(placed) || worksForWork(stack, placed) || other.test(wordsOf(call))) return [];
    const text = `${sourceOf(stack, caller.file)?.text ?? ""}\n${call.script.fragment.text}`;
    if (makesRoom.test(text) || pagesOn(stack, basename(caller.file)).some(page => makesRoom.test(page)))
      return [];
    const store = storeOf(stack, placed);
    const user = store && userOf(stack, store);
    if (!store || !user) return [];
    seen.add(caller.file);
    return [{ placed, store, user }];
  });
}

const restoring = /restor|roll-?_?back|recover/i;
/** A drill, or a database beside the one in use. */
const other = /(?:^|[_\W])(?:test|drill|verif\w*|temp|tmp|scratch|staging|restore|new)(?:[_\W]|$)/i;
/** Connections are ended or kept out, or what keeps them is stopped, or people are told to stop it. */
const makesRoom =
  /\bFORCE\b|pg_terminate_backend|dropdb\b[^\n]*(?:\s-f\b|--force)|ALLOW_CONNECTIONS|REVOKE\s+CONNECT|\b(?:compose|docker|podman|systemctl|supervisorctl|kubectl|pm2|service|\w*COMPOSE\w*\}?)\b[^\n]*\b(?:stop|down|kill|pause|scale|(?<![-\w])rm)\b|\bstop(?:ping|s)?\b[^\n]{0,40}\b(?:app|application|backend|api|server|web|services?|containers?|workers?|django|node)\b/i;

function drops(words: string, name: string): boolean {
  return name === "dropdb" || (name === "psql" && /\bDROP\s+DATABASE\b/i.test(words));
}

/** Pages that speak of the script. */
function pagesOn(stack: Stack, name: string): string[] {
  return pagesOf(stack).flatMap(({ text }) => {
    const index = text.indexOf(name);
    return index === -1 ? [] : [text.slice(Math.max(0, index - 600), index + 300)];
  });
}

const isPostgres = ({ imageRef, facts, kind, name }: Service): boolean =>
  /postgres|postgis|timescale/.test(imageRef?.family ?? facts?.family ?? (kind === "database" ? name : ""));

/** The service that the command runs in; where its container is found out on the way, the only one of its kind. */
function storeOf(stack: Stack, placed: PlacedCall): Service | undefined {
  const stores = serverServices(stack).filter(isPostgres);
  const inside = placed.call.inside
    ? servicesInside(stack, placed).filter(each => stores.includes(each))
    : [];
  return inside[0] ?? (stores.length === 1 ? stores[0] : undefined);
}

/** A program that waits for the store or is told its name. */
function userOf(stack: Stack, store: Service): Service | undefined {
  const named = new RegExp(`(?<![\\w-])${store.name.replace(/[.+]/g, "\\$&")}(?![\\w-])`);
  return serverServices(stack).find(
    service =>
      service.project === store.project &&
      service.kind === "app" &&
      (service.dependsOn.some(each => each.service === store.name) ||
        service.environment.some(({ value }) => named.test(value?.raw ?? ""))),
  );
}
