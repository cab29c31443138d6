import { contractPrograms, engineContract } from "../../test/engine-contract.ts";
import type { ComposeModel } from "../core/engine.ts";
import { fakeEngine } from "./fake.ts";

engineContract("the engine in memory", async () => {
  const models = new Map<string, ComposeModel>();
  return {
    engine: fakeEngine({ models, programs: contractPrograms }),
    place: async (name, model) => {
      const directory = `/${name}`;
      const file = `${directory}/compose.json`;
      models.set(directory, model).set(file, model);
      return { directory, file };
    },
  };
});
