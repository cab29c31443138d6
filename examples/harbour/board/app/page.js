export const dynamic = "force-dynamic";

const base = process.env.API_URL || "http://api:8000";

export default async function Page() {
  const response = await fetch(`${base}/api/arrivals/`, { cache: "no-store" });
  const { arrivals } = await response.json();
  return (
    <main>
      <h1>Arrivals today</h1>
      <ul>
        {arrivals.map(arrival => (
          <li key={arrival.berth}>
            {arrival.berth}: {arrival.boat}
          </li>
        ))}
      </ul>
    </main>
  );
}
