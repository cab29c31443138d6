import { berths } from "../../lib/api";
import { BookingForm } from "./form";

export const dynamic = "force-dynamic";

export default async function Page() {
  return (
    <>
      <h1>Book a berth</h1>
      <BookingForm berths={await berths()} />
    </>
  );
}
