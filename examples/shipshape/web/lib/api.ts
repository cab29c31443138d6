export interface Berth {
  id: number;
  name: string;
  length_metres: string;
}

/** Asks the API over the private network. Runs on the server only; the browser goes through nginx. */
export async function berths(): Promise<Berth[]> {
  const base = process.env.API_URL;
  if (!base) throw new Error("API_URL is not set");
  const response = await fetch(`${base}/api/berths/`, {
    cache: "no-store",
    // The API redirects what did not arrive over TLS. Inside the private network there is none.
    headers: { "X-Forwarded-Proto": "https" },
    signal: AbortSignal.timeout(5000),
  });
  if (!response.ok) throw new Error(`the API answered ${response.status}`);
  const body = (await response.json()) as { berths: Berth[] };
  return body.berths;
}
