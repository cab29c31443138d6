import { type EngineEvent, type EventFeed, labLabel } from "../core/engine.ts";
import type { Api } from "./api.ts";

/** Follows the engine's events for one lab. The list grows until the feed is closed. */
export async function followEvents(api: Api, lab: string): Promise<EventFeed> {
  const filters = JSON.stringify({ type: ["container"], label: [`${labLabel}=${lab}`] });
  const response = await api.open("GET", `/events?filters=${encodeURIComponent(filters)}`);
  const seen: EngineEvent[] = [];
  let rest = "";
  response.setEncoding("utf8");
  response.on("data", (text: string) => {
    const lines = (rest + text).split("\n");
    rest = lines.pop() ?? "";
    const events = lines
      .filter(line => line.trim() !== "")
      .map(line => toEvent(JSON.parse(line) as RawEvent));
    // What has no service is a helper of ours.
    seen.push(...events.filter(({ service }) => service !== ""));
  });
  // The feed ends with the engine; whoever waits for an event has a time limit.
  response.on("error", () => {});
  return { seen, close: () => response.destroy() };
}

interface RawEvent {
  readonly Action: string;
  readonly timeNano: number;
  readonly Actor: { readonly Attributes: Readonly<Record<string, string>> };
}

function toEvent({ Action, timeNano, Actor: { Attributes: attributes } }: RawEvent): EngineEvent {
  const exitCode = attributes["exitCode"];
  return {
    atMs: Math.round(timeNano / 1e6),
    service: attributes["com.docker.compose.service"] ?? "",
    what: Action,
    ...(exitCode === undefined ? {} : { exitCode: Number(exitCode) }),
  };
}
