import { describe, expect, it } from "vitest";
import { filled, filledPlaces } from "./expressions.ts";

describe("expressions of a workflow, in a lab", () => {
  it.each([
    ["sudo usermod -aG docker ${{ secrets.EC2_USERNAME }}", "sudo usermod -aG docker deploy"],
    ["cd /home/${{ secrets.SSH_USER }}/app", "cd /home/deploy/app"],
    ["MAIL=${{ secrets.EMAIL_HOST_USER }}", "MAIL=lab"],
    ["U=${{ secrets.DB_USERNAME }}", "U=lab"],
    ["PORT=${{ secrets.EMAIL_PORT || '587' }}", "PORT=587"],
    ["KEY=${{ secrets.KEY || '' }}", "KEY="],
    ["${{secrets.HOST}}:${{ github.sha }}", "lab:lab"],
  ])("%s", (text, wanted) => {
    expect(filled(text)).toBe(wanted);
  });

  it("are part of the places that it changes to", () => {
    const text = 'cd ~/shop\n  cd "/home/${{ vars.SSH_USER }}/shop/"\ncd ${{ secrets.DIR }}\ncd /srv/$X\n';
    expect(filledPlaces(text)).toEqual(["/home/deploy/shop"]);
  });
});
