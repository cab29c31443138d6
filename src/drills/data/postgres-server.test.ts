import { expect, it } from "vitest";
import { type Holdings, lost, steadyPart } from "./postgres-server.ts";

const held = (tables: Readonly<Record<string, string>>, more: Partial<Holdings> = {}): Holdings => ({
  databases: new Map([["berths", new Map(Object.entries(tables))]]),
  extensions: new Map([["berths", ["plpgsql", "citext"]]]),
  roles: ["postgres", "berths"],
  ...more,
});
const whole = held({
  "public.booking": "3 -81",
  "public.guest": "2 7",
  "sequence public.booking_id_seq": "3",
});

it("finds nothing lost where everything is there", () => {
  expect(
    lost(whole, held({ ...Object.fromEntries(whole.databases.get("berths")!), "public.more": "1 1" })),
  ).toEqual([]);
});

it("says what is missing, short or different", () => {
  const found = held(
    { "public.booking": "2 -90", "public.guest": "2 8", "sequence public.booking_id_seq": "unused" },
    { extensions: new Map([["berths", ["plpgsql"]]]), roles: ["postgres"] },
  );
  expect(lost(whole, found)).toEqual([
    "public.booking of database berths has 2 instead of 3",
    "public.guest of database berths has other values",
    "sequence public.booking_id_seq of database berths has unused instead of 3",
    "extension citext of database berths is not there",
    "role berths is not there",
  ]);
  expect(lost(whole, held({}, { databases: new Map() }))).toHaveLength(3);
});

it("asks a backup for nothing that changed while it ran", () => {
  const after = held({ "public.booking": "4 12", "public.guest": "2 7" });
  const wanted = steadyPart(whole, after);
  expect([...wanted.databases.get("berths")!.keys()]).toEqual(["public.guest"]);
});
