const base = process.env.NEXT_PUBLIC_API_URL || "http://localhost:8000";

export async function berths() {
  const response = await fetch(`${base}/api/berths/`, { cache: "no-store" });
  if (!response.ok) throw new Error(`the API answered ${response.status}`);
  return (await response.json()).berths;
}

export function book(booking) {
  return fetch(`${base}/api/bookings/`, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify(booking),
  });
}
