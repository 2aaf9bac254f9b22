package org.simreg.worker.engine.torchscript;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Random;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.simreg.proto.Pixels;
import org.simreg.proto.UserError;
import org.simreg.worker.engine.torch.Torch;

/** TorchScript modules in bfloat16, on the CPU as on a GPU; {@code scripts/fixtures/outputs.py} makes them. */
@EnabledOnOs(OS.LINUX)
class ModuleAutocastTest {
    private static final int SIZE = 8;

    private static Torch torch;

    @BeforeAll
    static void start() {
        torch = new Torch("cpu", 1);
    }

    @AfterAll
    static void stop() {
        torch.close();
    }

    @Test
    void itGivesWhatPyTorchsAutocastGivesToTheBit() throws IOException {
        String[] words = Files.readString(file("exact-bfloat16.txt")).strip().split(" ");
        float[] expected = new float[words.length];
        for (int i = 0; i < words.length; i++) {
            expected[i] = Float.parseFloat(words[i]);
        }
        assertArrayEquals(expected, features("exact.pt", true, chequered()));
        float[] whole = features("exact.pt", false, chequered());
        assertTrue(Math.abs(whole[0] - expected[0]) > 1e-4, "float32 has more digits than that: " + whole[0]);
    }

    @ParameterizedTest
    @ValueSource(strings = {"exact.pt", "norms.pt"})
    void itDiffersFromFloat32ByTheRoundingOfBfloat16(String name) {
        float[] whole = features(name, false, drawn());
        float[] rounded = features(name, true, drawn());
        double turned = 1 - cosine(whole, rounded);
        assertTrue(turned > 1e-9 && turned < 1e-2, name + " turns by " + turned);
        assertArrayEquals(rounded, features(name, true, drawn()), "again");
        assertArrayEquals(whole, features(name, false, drawn()), "float32 as before");
    }

    @ParameterizedTest
    @ValueSource(strings = {"half.pt", "bfloat16.pt", "double.pt"})
    void aModuleOfAnotherTypeThanFloat32StaysAsItIs(String name) {
        try (ScriptModule module = module(name, true)) {
            assertFalse(module.bfloat16());
        }
        assertArrayEquals(features(name, false, drawn()), features(name, true, drawn()));
    }

    @Test
    void whatFailsOnlyInBfloat16IsToldSo() {
        assertEquals(3, features("mixed.pt", false, chequered()).length);
        UserError refused = assertThrows(UserError.class, () -> features("mixed.pt", true, chequered()));
        assertTrue(
                refused.getMessage()
                        .contains("mixed.pt failed on images (1, 3, 8, 8) in bfloat16 (torch.autocast), and works in"
                                + " float32: Index put requires the source and destination dtypes match"),
                refused.getMessage());
        assertTrue(refused.getMessage().contains("; choose precision float32, or"), refused.getMessage());
        assertEquals(1, refused.getMessage().lines().count());
    }

    @Test
    void whatFailsInFloat32TooIsToldAsEver() {
        UserError refused = assertThrows(UserError.class, () -> features("device.pt", true, chequered()));
        assertFalse(refused.getMessage().contains("bfloat16"), refused.getMessage());
        assertTrue(refused.getMessage().contains("its code makes tensors on cuda:0"), refused.getMessage());
    }

    private static float[] features(String name, boolean autocast, byte[] pixels) {
        ByteBuffer bytes = ByteBuffer.allocateDirect(pixels.length).put(0, pixels);
        try (ScriptModule module = module(name, autocast);
                NDManager scope = torch.scope()) {
            NDArray images = Torch.images(scope, bytes, pixels.length / (SIZE * SIZE * 3), SIZE);
            return module.features(scope, images).toFloatArray();
        }
    }

    private static ScriptModule module(String name, boolean autocast) {
        ScriptModule.Wanted feature = new ScriptModule.Wanted("", "--teacher-output");
        return new ScriptModule(torch, file(name), Pixels.UNIT, feature, autocast);
    }

    private static Path file(String name) {
        return Path.of("src/test/resources/outputs", name);
    }

    /** As the fixture's. */
    private static byte[] chequered() {
        byte[] pixels = new byte[SIZE * SIZE * 3];
        for (int at = 0; at < pixels.length; at++) {
            int i = at / 3 / SIZE;
            int j = at / 3 % SIZE;
            pixels[at] = (byte) ((7 * i + j + i * j) % 2 * 255);
        }
        return pixels;
    }

    private static byte[] drawn() {
        byte[] pixels = new byte[2 * SIZE * SIZE * 3];
        new Random(1).nextBytes(pixels);
        return pixels;
    }

    private static double cosine(float[] a, float[] b) {
        double product = 0;
        double lengths = 0;
        double others = 0;
        for (int i = 0; i < a.length; i++) {
            product += (double) a[i] * b[i];
            lengths += (double) a[i] * a[i];
            others += (double) b[i] * b[i];
        }
        return product / Math.sqrt(lengths * others);
    }
}
