package org.simreg.worker.engine.torch;

import org.simreg.proto.UserError;

/** A process that prints its numeric profile and how long that took, or why there is none. */
final class ProfileProbe {
    private ProfileProbe() {}

    public static void main(String[] args) {
        try (Torch torch = new Torch("cpu", Integer.parseInt(args[0]))) {
            long begun = System.nanoTime();
            System.out.println(torch.profile());
            System.out.printf("%d ms%n", (System.nanoTime() - begun) / 1_000_000);
        } catch (UserError e) {
            System.out.println("refused: " + e.getMessage());
        }
    }
}
