package org.simreg.worker.engine.torchscript;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.simreg.proto.Pixels;
import org.simreg.proto.UserError;
import org.simreg.proto.UserError.NotHere;
import org.simreg.worker.engine.torch.CodeArchive;
import org.simreg.worker.engine.torch.ScriptSource;
import org.simreg.worker.engine.torch.Torch;

/** Tests of TorchScript modules from outside as teachers, well-behaved ones and others. */
class ScriptModuleTest {
    private static Torch torch;

    @TempDir
    Path folder;

    @BeforeAll
    static void start() {
        torch = new Torch("cpu", 1);
    }

    @AfterAll
    static void stop() {
        torch.close();
    }

    @ParameterizedTest
    @CsvSource({"6", "7", "15", "5"})
    void everyFloatingTypeBecomesFloat32(int type) throws IOException {
        NDManager parent = torch.manager();
        int before = parent.getManagedArrays().size();
        try (ScriptModule module = module("Tensor", "torch.to(" + MEANS + ", " + type + ")");
                NDManager scope = torch.scope()) {
            NDArray features = module.features(scope, white(scope, 2));
            assertEquals(DataType.FLOAT32, features.getDataType());
            assertEquals(new Shape(2, 3), features.getShape());
            float[] white = {2.2489f, 2.4286f, 2.64f, 2.2489f, 2.4286f, 2.64f};
            assertArrayEquals(white, features.toFloatArray(), 0.02f);
            assertFalse(features.hasGradient());
            assertEquals(3, scope.getManagedArrays().size(), "images, their copy, features");
        }
        assertEquals(before, parent.getManagedArrays().size(), "nothing is left");
    }

    @Test
    void manyTensorsAreRefusedWithTheirShapes() throws IOException {
        refused(
                "Tuple[Tensor, Tensor]",
                "(" + MEANS + ", x)",
                "several tensors (0 (2, 3), 1 (2, 3, 4, 4)); choose one by --teacher-output");
    }

    @Test
    void aMapOfFeaturesIsRefusedWithItsShape() throws IOException {
        refused("Tensor", "x", "(2, 3, 4, 4), which are maps; choose their mean by --teacher-output mean");
    }

    @Test
    void fewerRowsThanImagesAreRefused() throws IOException {
        refused("Tensor", "torch.narrow(" + MEANS + ", 0, 0, 1)", "(1, 3) for 2 images; it must give one row an image");
    }

    @Test
    void aNumberIsRefused() throws IOException {
        refused("int", "torch.len(x)", "failed on images (2, 3, 4, 4)");
    }

    @Test
    void aModuleThatRaisesIsRefused() throws IOException {
        refused("Tensor", "torch.view(x, [7, 7])", "failed on images (2, 3, 4, 4)");
    }

    @ParameterizedTest
    @CsvSource({
        "IMAGENET, 2.2489083, 2.4285714, 2.64, -2.117904",
        "HALF, 1, 1, 1, -1",
        "UNIT, 1, 1, 1, 0",
        "CLIP, 1.9303361, 2.0748837, 2.1458969, -1.7922626"
    })
    void whiteAndBlackAreNormalisedAsTheModuleWants(Pixels pixels, float red, float green, float blue, float black)
            throws IOException {
        try (ScriptModule module = new ScriptModule(torch, file("Tensor", MEANS), pixels);
                NDManager scope = torch.scope()) {
            float[] white = module.features(scope, white(scope, 1)).toFloatArray();
            assertArrayEquals(new float[] {red, green, blue}, white, 1e-5f);
            NDArray night = Torch.images(scope, ByteBuffer.allocateDirect(48), 1, 4);
            assertEquals(black, module.features(scope, night).toFloatArray()[0], 1e-5f);
        }
    }

    @Test
    void aModuleThatWritesFilesIsNotEvenLoaded() throws IOException {
        Path evil = folder.resolve("evil");
        Path file = file("Tensor", "(torch.save(x, \"" + evil + "\"), " + MEANS + ")[1]");
        UserError refused = assertThrows(UserError.class, () -> new ScriptModule(torch, file));
        assertTrue(refused.getMessage().contains(file + ": its code/__torch__.py uses .save"), refused.getMessage());
        assertFalse(Files.exists(evil));
    }

    @Test
    void whereNoModulesAreRunTheSettingIsNamed() throws IOException {
        Path file = file("Tensor", MEANS);
        try (Torch without = new Torch("cpu", 1, false)) {
            NotHere refused = assertThrows(NotHere.class, () -> new ScriptModule(without, file));
            assertEquals(
                    file + " is not run: this process takes no TorchScript files (--no-torchscript)",
                    refused.getMessage());
            assertThrows(NotHere.class, () -> ScriptStudent.network(without, file, 4));
        }
    }

    private static final String MEANS = "torch.mean(x, [2, 3], False, dtype=None)";

    private void refused(String type, String value, String reason) throws IOException {
        try (ScriptModule module = module(type, value);
                NDManager scope = torch.scope()) {
            NDArray images = white(scope, 2);
            UserError refused = assertThrows(UserError.class, () -> module.features(scope, images));
            assertTrue(refused.getMessage().contains(reason), refused.getMessage());
            assertTrue(refused.getMessage().contains("theirs.pt"), refused.getMessage());
            assertFalse(refused.getMessage().contains("\n"), refused.getMessage());
        }
    }

    private ScriptModule module(String type, String value) throws IOException {
        return new ScriptModule(torch, file(type, value));
    }

    private Path file(String type, String value) throws IOException {
        ScriptSource source = new ScriptSource().method("forward(self, x: Tensor) -> " + type);
        source.line("return %s", value);
        Path file = folder.resolve("theirs.pt");
        return Files.write(file, CodeArchive.of("Theirs", List.of(), source.toString()));
    }

    private static NDArray white(NDManager scope, int images) {
        ByteBuffer bytes = ByteBuffer.allocateDirect(images * 4 * 4 * 3);
        while (bytes.hasRemaining()) {
            bytes.put((byte) 255);
        }
        return Torch.images(scope, bytes.rewind(), images, 4).duplicate();
    }
}
