import { importedScriptFile } from "../artifacts/project-files.ts";
import { scriptImports } from "../artifacts/script-imports.ts";
import { basename } from "../core/path.ts";
import type { AppComponent } from "./app/detect.ts";
import { startFiles } from "./query-absent-imports.ts";
import { runningCommand } from "./query-process.ts";
import { loadedFiles } from "./query-reach.ts";
import type { Service, Stack } from "./stack.ts";

/** Programs whose own code, with all that it imports of the repository, starts no server. */

/** Whatever may open a port, also where it only might. */
const servesInPython =
  /\b(?:uvicorn|hypercorn|gunicorn|waitress|granian|daphne|tornado|bottle|cherrypy|sanic|grpc|cheroot|gevent|socketserver|xmlrpc)\b|http\.server|HTTPServer|run_app\(|TCPSite|AppRunner|\.run\([^)]{0,200}\b(?:host|port)\b|(?:start|create)_server\(|start_http_server|make_server|serve_forever|\.listen\(|\bserve\(|(?:run|start)_webhook|runserver|run_server|\b(?:Flask|FastAPI|Starlette|Quart|Sanic|Litestar|Dash|FastMCP)\(|\bweb\.Application\(|streamlit|gradio|websockets|socketio|\bzmq\b|create_subprocess|subprocess|exec_module|os\.exec/;
const servesInScript =
  /\.listen\(|createServer\(|\bserve\(|startStandaloneServer|NestFactory\.create\(|\bnew (?:Hono|Koa|WebSocketServer|Server)\b|\b(?:express|[fF]astify)\(|child_process|worker_threads|\bcluster\b|\bfork\(|startServer/;
const mostFiles = 400;

/** Whether a service's command starts such a program. False where it cannot be told. */
export function opensNoPort(stack: Stack, service: Service): boolean {
  const { component } = service;
  const program = basename(runningCommand(service)?.words[0] ?? "");
  if (!component || (service.process?.commands?.length ?? 0) !== 1) return false;
  if (/^python[\d.]*$/.test(program)) {
    const loaded = component.django ? "all" : loadedFiles(service, component);
    return typeof loaded !== "string" && noneSays(component, loaded, servesInPython);
  }
  if (!/^node(?:js)?$/.test(program)) return false;
  const entries = startFiles(stack, service);
  const reached = entries.length > 0 ? reachedScripts(component, entries) : undefined;
  return reached !== undefined && noneSays(component, reached, servesInScript);
}

function noneSays({ files }: AppComponent, paths: Iterable<string>, words: RegExp): boolean {
  for (const path of paths) {
    const source = files.read(path);
    if (!source || words.test(source.text)) return false;
  }
  return true;
}

/** Undefined where an import may lead anywhere. */
function reachedScripts(
  { files }: AppComponent,
  entries: readonly string[],
): ReadonlySet<string> | undefined {
  const found = new Set(entries);
  for (const path of found) {
    const source = files.read(path);
    if (!source || found.size > mostFiles || /\b(?:require|import)\(\s*[^"'\s]/.test(source.text))
      return undefined;
    for (const { module } of scriptImports(source)) {
      if (/^[@~#]\//.test(module)) return undefined;
      const file = importedScriptFile(files, path, module);
      if (file !== undefined) found.add(file);
      // A file that is made later.
      else if (module.startsWith(".") && !module.endsWith(".json")) return undefined;
    }
  }
  return found;
}
