package org.simreg.bench.attack;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.SplittableRandom;
import org.simreg.proto.UserError;
import org.simreg.worker.weights.checkpoint.RunWeights;
import org.simreg.worker.weights.checkpoint.WeightsFile;

/** An attack by time: copies of a run's checkpoint of which one bit has changed, each read as every command reads it. */
public final class CheckpointAttack {
    private static final int FLIPS = 32;

    private CheckpointAttack() {}

    /**
     * Prints one line; ends with 1 if a copy was taken for whole, or the checkpoint is not. The first half of the bits lie in the header.
     *
     * @param arguments the checkpoint, and a folder for the copies
     */
    public static void main(String[] arguments) throws IOException {
        byte[] bytes = Files.readAllBytes(Path.of(arguments[0]));
        Path copy = Files.createDirectories(Path.of(arguments[1])).resolve("step-00000001.safetensors");
        Files.write(copy, bytes);
        boolean whole = !isRefused(copy);
        SplittableRandom random = new SplittableRandom(1);
        int refused = 0;
        for (int i = 0; i < FLIPS; i++) {
            int place = i < FLIPS / 2 ? 8 + random.nextInt(1000) : random.nextInt(bytes.length);
            byte bit = (byte) (1 << random.nextInt(7));
            bytes[place] ^= bit;
            Files.write(copy, bytes);
            bytes[place] ^= bit;
            refused += isRefused(copy) ? 1 : 0;
        }
        Files.delete(copy);
        System.out.printf(
                "checkpoint: %d of %d with one bit changed refused, the unchanged one %s%n",
                refused, FLIPS, whole ? "read" : "refused, too");
        System.exit(refused == FLIPS && whole ? 0 : 1);
    }

    private static boolean isRefused(Path file) {
        try {
            RunWeights.job(file);
            WeightsFile.read(file);
            return false;
        } catch (UserError e) {
            return true;
        }
    }
}
