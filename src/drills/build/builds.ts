import { type LabImage, NotSeen } from "../../core/drill.ts";
import { defineDrill } from "../drill.ts";
import { eachOf, longRunning, seconds } from "../targets.ts";
import { isOfTheWorld } from "../world.ts";

export default defineDrill({
  id: "build/builds",
  title: "Every image builds from what the project has",
  claim: "builds",
  disturbs: "Builds each image from a copy of the project, without version control, dependencies and data.",
  targets: stack =>
    eachOf(longRunning(stack).filter(({ build }) => build !== undefined)).map(({ subject }) => ({
      subject,
      services: [],
    })),
  async run(scene, { subject }) {
    const { lab } = scene;
    let image: LabImage | undefined;
    await scene.disturb(`build the image of ${subject}`, async () => {
      image = lab.images.find(({ service }) => service === subject);
      if (!image) throw new NotSeen(lab.missing.get(subject) ?? "it is not in the lab", lab.rootOf(subject));
      return image.how === "missing" ? "it does not end well" : `it took ${seconds(image.ms)}`;
    });
    const words = image!.how === "missing" ? image!.words : "";
    await scene.steady("what it needs from outside can be had", async () => {
      if (isOfTheWorld(words)) throw new NotSeen(words, lab.rootOf(subject));
      return words === "" ? "nothing was missed" : "nothing that is missed is outside";
    });
    await scene.holds("there is an image", async () => {
      if (words !== "") throw new NotSeen(words, lab.rootOf(subject));
      return image!.how;
    });
  },
});
