package org.simreg.worker.engine.torchscript;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.simreg.proto.Pixels;
import org.simreg.proto.UserError;
import org.simreg.worker.engine.torch.Torch;

/** What TorchScript modules give besides (N, D); {@code scripts/fixtures/outputs.py} makes them. */
class ModuleOutputsTest {
    private static final float WHITE = 1;

    private static Torch torch;

    @BeforeAll
    static void start() {
        torch = new Torch("cpu", 1);
    }

    @AfterAll
    static void stop() {
        torch.close();
    }

    @ParameterizedTest
    @CsvSource({
        "pixel, '', 3, 1",
        "maps, mean, 3, 1",
        "tokens, cls, 3, 1",
        "tokens, mean, 3, 2",
        "tokens, cls+mean, 6, 1",
        "dict, pooler_output, 3, 2",
        "dict, last_hidden_state:cls, 3, 1",
        "dict, last_hidden_state:mean, 3, 2",
        "tuple, 1, 3, 2",
        "tuple, 0:mean, 3, 2",
        "half, '', 3, 1",
        "bfloat16, '', 3, 1",
        "double, '', 3, 1"
    })
    void theFeatureIsTaken(String name, String output, int width, float first) {
        try (ScriptModule module = module(name, output);
                NDManager scope = torch.scope()) {
            for (int images = 1; images <= 2; images++) {
                NDArray features = module.features(scope, white(scope, images));
                assertEquals(new Shape(images, width), features.getShape());
                float[] values = features.toFloatArray();
                assertArrayEquals(new float[] {first, first}, new float[] {values[0], values[2]}, 0.01f);
            }
        }
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "tokens | '' | gave a tensor of shape (2, 3, 3), which are tokens; choose by --teacher-output cls",
                "tokens | nope | gave a single tensor (2, 3, 3), and nothing that is called nope; choose of its tokens by --teacher-output cls (the",
                "pixel | nope | gave a single tensor (2, 3, 1, 1), and nothing that is called nope; leave --teacher-output out",
                "dict | last_hidden_state | tokens; choose by --teacher-output last_hidden_state:cls (the first token), last_hidden_state:mean (of the others), last_hidden_state:cls+mean or last_hidden_state:mean-all",
                "tuple | 0 | which are tokens; choose by --teacher-output 0:cls (the",
                "maps | '' | choose their mean by --teacher-output mean",
                "dict | '' | last_hidden_state (2, 3, 3), pooler_output (2, 3, 1, 1)); choose one by --teacher-output",
                "dict | missing | gave several tensors",
                "tuple | '' | (0 (2, 3, 3), 1 (2, 3)); choose one by --teacher-output",
                "tuple | 7 | gave several tensors",
                "pixel | cls | gave a tensor of shape (2, 3, 1, 1)",
                "baked | '' | shape '[1, 3]' is invalid for input of size 6; a trace holds the batch",
                "device | '' | its code makes tensors on cuda:0, and this worker has no GPU for it"
            })
    void whatIsNoFeatureIsRefusedWithTheWayOut(String name, String output, String expected) {
        try (ScriptModule module = module(name, output);
                NDManager scope = torch.scope()) {
            UserError refused = assertThrows(UserError.class, () -> module.features(scope, white(scope, 2)));
            assertTrue(refused.getMessage().contains(expected), refused::getMessage);
            assertTrue(refused.getMessage().contains(name + ".pt"), refused::getMessage);
            assertEquals(1, refused.getMessage().lines().count(), refused::getMessage);
        }
    }

    private static ScriptModule module(String name, String output) {
        Path file = Path.of("src/test/resources/outputs", name + ".pt");
        return new ScriptModule(torch, file, Pixels.UNIT, new ScriptModule.Wanted(output, "--teacher-output"));
    }

    private static NDArray white(NDManager scope, int images) {
        ByteBuffer bytes = ByteBuffer.allocateDirect(images * 8 * 8 * 3);
        for (int i = 0; i < bytes.capacity(); i++) {
            bytes.put(i, (byte) (255 * WHITE));
        }
        return Torch.images(scope, bytes, images, 8);
    }
}
