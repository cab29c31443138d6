import { berths } from "../lib/api";

// Rendered for each request: the build has no API to ask.
export const dynamic = "force-dynamic";

export default async function Page() {
  const all = await berths();
  return (
    <>
      <h1>Berths</h1>
      <ul>
        {all.map(berth => (
          <li key={berth.id}>
            {berth.name}, {berth.length_metres} m
          </li>
        ))}
      </ul>
    </>
  );
}
