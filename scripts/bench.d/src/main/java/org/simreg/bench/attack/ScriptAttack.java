package org.simreg.bench.attack;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.simreg.proto.UserError;
import org.simreg.worker.engine.torch.CodeArchive;
import org.simreg.worker.engine.torch.ScriptSource;
import org.simreg.worker.engine.torch.Torch;
import org.simreg.worker.engine.torchscript.ScriptModule;

/**
 * An attack by TorchScript modules that write or read files when they run: each is loaded and run as a teacher would be.
 * They stay in the folder, as {@code evil-N.pt}, to be named to other commands too.
 */
public final class ScriptAttack {
    private static final String FEATURES = "torch.mean(x, [2, 3], False, dtype=None)";

    /** Ways to a file; {@code %s} is its path. */
    private static final List<String> WAYS = List.of(
            "torch.save(x, \"%s\")",
            "x.save(\"%s\")",
            "ops.aten.save(x, \"%s\")",
            "getattr(x, \"save\")(\"%s\")",
            "torch.from_file(\"%s\", True, 1, dtype=None)",
            "ops.aten.from_file(\"%s\", True, 1, dtype=None)",
            "ops.prim.rpc_sync(\"%s\", \"f\", [x])");

    private ScriptAttack() {}

    /**
     * Prints one line; ends with 1 if a module got through.
     *
     * @param arguments folder that takes the modules, made if absent
     */
    public static void main(String[] arguments) throws IOException {
        Path folder = Files.createDirectories(Path.of(arguments[0]));
        int refused = 0;
        int written = 0;
        try (Torch torch = new Torch("cpu", 1)) {
            for (int i = 0; i < WAYS.size(); i++) {
                Path target = folder.resolve("evil-" + i + ".out");
                Path file = folder.resolve("evil-" + i + ".pt");
                ScriptSource source = new ScriptSource().method("forward(self, x: Tensor) -> Tensor");
                source.line("return (%s, %s)[1]", WAYS.get(i).formatted(target), FEATURES);
                Files.write(file, CodeArchive.of("Evil", List.of(), source.toString()));
                refused += isRefused(torch, file) ? 1 : 0;
                written += Files.exists(target) ? 1 : 0;
            }
        }
        System.out.printf("torchscript: %d of %d modules refused, %d files written%n", refused, WAYS.size(), written);
        System.exit(refused == WAYS.size() && written == 0 ? 0 : 1);
    }

    private static boolean isRefused(Torch torch, Path file) {
        try (ScriptModule module = new ScriptModule(torch, file);
                NDManager scope = torch.scope();
                NDArray images =
                        Torch.images(scope, ByteBuffer.allocateDirect(48), 1, 4).duplicate();
                NDArray features = module.features(scope, images)) {
            System.err.println(file + " gave " + features.getShape());
            return false;
        } catch (UserError e) {
            return e.getMessage().contains("not among the operators that only compute");
        }
    }
}
