import { type IncomingMessage, request } from "node:http";
import { EngineError } from "../core/engine.ts";
import type { Endpoint } from "./endpoint.ts";

/** The Engine API as JSON over HTTP, in the one version that we know: 1.41, engine 20.10 and later. */
export interface Api {
  readonly endpoint: Endpoint;
  /** @throws EngineError `failed` for a status of 400 and above, with the engine's message. */
  call(method: string, path: string, options?: CallOptions): Promise<ApiAnswer>;
  /** The response as it comes; the caller destroys it. No time limit once it has begun. */
  open(method: string, path: string, options?: CallOptions): Promise<IncomingMessage>;
}

export interface CallOptions {
  readonly body?: unknown;
  readonly raw?: Uint8Array;
  readonly timeoutMs?: number;
  /** Statuses that are no error here, such as 304 and 404. */
  readonly allow?: readonly number[];
}

export interface ApiAnswer {
  readonly status: number;
  readonly bytes: Buffer;
  json<T>(): T;
}

const version = "v1.41";
const usualTimeoutMs = 30_000;

export function openApi(endpoint: Endpoint): Api {
  const open: Api["open"] = (method, path, options = {}) =>
    new Promise((settle, fail) => {
      const body = options.raw ?? (options.body === undefined ? undefined : JSON.stringify(options.body));
      const type = options.raw ? "application/x-tar" : "application/json";
      const length = body === undefined ? 0 : Buffer.byteLength(body);
      const outgoing = request({
        method,
        path: `/${version}${path}`,
        ...(endpoint.socketPath === undefined ? {} : { socketPath: endpoint.socketPath }),
        ...(endpoint.agent ? { agent: endpoint.agent } : {}),
        headers: {
          host: "docker",
          ...(body === undefined ? {} : { "content-type": type }),
          "content-length": length,
        },
      });
      const timer = setTimeout(
        () =>
          outgoing.destroy(
            new EngineError("timeout", `The engine did not answer ${method} ${path} in time.`),
          ),
        options.timeoutMs ?? usualTimeoutMs,
      );
      outgoing.on("response", response => {
        clearTimeout(timer);
        settle(response);
      });
      outgoing.on("error", error => {
        clearTimeout(timer);
        fail(trouble(error, endpoint));
      });
      outgoing.end(body);
    });
  const call: Api["call"] = async (method, path, options = {}) => {
    const response = await open(method, path, options);
    const bytes = await readAll(response, options.timeoutMs ?? usualTimeoutMs);
    const status = response.statusCode ?? 0;
    const json = <T>() => JSON.parse(bytes.toString("utf8")) as T;
    if (status >= 400 && !options.allow?.includes(status))
      throw new EngineError("failed", messageOf(bytes, status));
    return { status, bytes, json };
  };
  return { endpoint, call, open };
}

function readAll(response: IncomingMessage, timeoutMs: number): Promise<Buffer> {
  return new Promise((settle, fail) => {
    const chunks: Buffer[] = [];
    const timer = setTimeout(
      () => response.destroy(new EngineError("timeout", "The engine began an answer and did not end it.")),
      timeoutMs,
    );
    response.on("data", (chunk: Buffer) => chunks.push(chunk));
    response.on("end", () => {
      clearTimeout(timer);
      settle(Buffer.concat(chunks));
    });
    response.on("error", error => {
      clearTimeout(timer);
      fail(error instanceof EngineError ? error : new EngineError("failed", error.message));
    });
  });
}

function messageOf(bytes: Buffer, status: number): string {
  const text = bytes.toString("utf8");
  try {
    return (JSON.parse(text) as { message?: string }).message ?? text;
  } catch {
    // A proxy in between may answer with something else.
    return `${status} ${text.slice(0, 200)}`;
  }
}

function trouble(error: Error & { code?: string }, endpoint: Endpoint): EngineError {
  if (error instanceof EngineError) return error;
  if (error.code === "EACCES")
    return new EngineError(
      "refused",
      `You may not use the engine at ${endpoint.address}: permission denied.`,
    );
  const why = { ENOENT: "there is no such socket", ECONNREFUSED: "nothing listens there" }[error.code ?? ""];
  return new EngineError("absent", `No engine answers at ${endpoint.address}: ${why ?? error.message}.`);
}
