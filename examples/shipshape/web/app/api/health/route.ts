export const dynamic = "force-dynamic";

/** This server renders pages. Whether the API is well is asked of the API, or one outage would look like two. */
export function GET(): Response {
  return Response.json({ status: "ok" });
}
