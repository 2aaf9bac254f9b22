package org.simreg.worker.weights.checkpoint;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.simreg.worker.network.Weight;
import org.simreg.worker.weights.tensor.DType;
import org.simreg.worker.weights.tensor.HostTensor;
import org.simreg.worker.weights.tensor.StateDict;

class ReadingTest {
    private static final String[] MADE_OF_HALVES = {"float32", "float64", "bfloat16"};

    @ParameterizedTest
    @ValueSource(
            strings = {
                "everything.pth",
                "everything-legacy.pth",
                "everything-protocol4.pth",
                "everything-legacy-protocol4.pth",
                "everything.safetensors"
            })
    void everyElementTypeAndEveryViewComesOutInOrder(String file) {
        StateDict dict = WeightsFile.read(WeightFixtures.file(file));

        assertEquals(file.endsWith("safetensors") ? 18 : 19, dict.size(), () -> "names " + dict.names());
        for (String name : MADE_OF_HALVES) {
            assertArrayEquals(halves(0, 24, 1), dict.get(name).floats(), name);
        }
        for (String name : List.of("int64", "int32", "int16", "int8", "uint8", "bool")) {
            integersAreThePlaces(name, dict.get(name));
        }
        assertArrayEquals(new long[] {2, 3, 4}, dict.shape("float32"));
        assertArrayEquals(halves(0, 10, 1), dict.get("shared.first").floats());
        assertArrayEquals(halves(10, 14, 1), dict.get("shared.second").floats());
        assertArrayEquals(new float[] {3, 4.5f, 9, 10.5f}, dict.get("strided").floats());
        assertArrayEquals(
                new float[] {1.5f, 1.5f, 1.5f, 2.5f, 2.5f, 2.5f},
                dict.get("expanded").floats());
        assertArrayEquals(new float[] {7.5f}, dict.get("scalar").floats());
        assertArrayEquals(new long[0], dict.shape("scalar"));
        assertEquals(0, dict.get("empty").floats().length);
        assertArrayEquals(halves(0, 3, 1), dict.get("parameter").floats());
        float[] transposed = dict.get("transposed").floats();
        for (int i = 0; i < 24; i++) {
            assertEquals((i % 4 * 6 + i / 4) / 2f, transposed[i], "transposed " + i);
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"everything.pth", "everything-legacy.pth", "everything.safetensors"})
    void halfPrecisionKeepsSubnormalsSignsAndInfinities(String file) {
        float[] values =
                WeightsFile.read(WeightFixtures.file(file)).get("float16").floats();
        float[] expected = {
            0f,
            -0f,
            1f,
            -2.5f,
            65504f,
            0x1p-14f,
            0x1p-24f,
            -0x3p-24f,
            Float.POSITIVE_INFINITY,
            Float.NEGATIVE_INFINITY,
            Float.NaN,
            0.333007812f
        };
        assertArrayEquals(expected, values);
    }

    /** {@code scripts/fixtures/float8.py} makes the files: all 256 numbers of each type, and PyTorch's float32 of them. */
    @ParameterizedTest
    @ValueSource(strings = {"float8.pth", "float8.safetensors"})
    void everyNumberOfEightBitsIsPyTorchs(String file) {
        StateDict dict = WeightsFile.read(WeightFixtures.file(file));

        for (DType type :
                List.of(DType.FLOAT8_E4M3FN, DType.FLOAT8_E5M2, DType.FLOAT8_E4M3FNUZ, DType.FLOAT8_E5M2FNUZ)) {
            String name = type.name().toLowerCase(Locale.ROOT);
            assertEquals(type, dict.dtype(name));
            assertArrayEquals(
                    dict.get(name + ".float32").floats(), dict.get(name).floats(), name);
        }
        assertEquals(DType.UINT16, dict.dtype("uint16"));
        assertEquals(DType.COMPLEX64, dict.dtype("complex64"));
    }

    @ParameterizedTest
    @ValueSource(strings = {"training.pth", "training-legacy.pth.tar"})
    void ofATrainingCheckpointOnlyTheStateDictIsRead(String file) {
        StateDict dict = WeightsFile.read(WeightFixtures.file(file));

        assertTrue(dict.names().stream().allMatch(name -> name.startsWith("module.")));
        assertTrue(dict.contains("module.queue"));
        weightsAreTheRule(dict.withoutPrefix("module.encoder_q."));
    }

    @Test
    void aPickledModuleIsReadWithoutItsClasses() {
        weightsAreTheRule(WeightsFile.read(WeightFixtures.file("module.pth")));
    }

    @Test
    void aTorchScriptArchiveIsReadAsStateDict() {
        StateDict dict = WeightsFile.read(WeightFixtures.file("script.pt"));

        assertArrayEquals(new float[] {0, 1, 2}, dict.get("mean").floats());
        weightsAreTheRule(dict.withoutPrefix("net."));
    }

    @Test
    void numbersOfABigEndianMachineAreTurned() {
        StateDict dict = WeightsFile.read(WeightFixtures.file("big-endian.pth"));
        assertArrayEquals(new float[] {0, 1, 2, 3, 4, 5}, dict.get("a").floats());
    }

    @ParameterizedTest
    @ValueSource(strings = {"evil.pth", "evil-legacy.pth"})
    void aCommandInAPickleIsNeverRun(String file) {
        StateDict dict = WeightsFile.read(WeightFixtures.file(file));

        assertEquals(Set.of("a"), dict.names());
        assertFalse(Files.exists(Path.of("executed")), "the pickle's command was run");
    }

    private static void weightsAreTheRule(StateDict dict) {
        for (Weight weight : WeightFixtures.SMALL.weights()) {
            assertArrayEquals(
                    TestWeights.values(weight), dict.get(weight.name()).floats(), weight.name());
        }
    }

    private static float[] halves(int first, int count, int step) {
        float[] values = new float[count];
        for (int i = 0; i < count; i++) {
            values[i] = (first + i * step) / 2f;
        }
        return values;
    }

    private static void integersAreThePlaces(String name, HostTensor tensor) {
        ByteBuffer data = tensor.data();
        for (int i = 0; i < 24; i++) {
            long value = switch (tensor.dtype().bytes()) {
                case 1 -> data.get();
                case 2 -> data.getShort();
                case 4 -> data.getInt();
                default -> data.getLong();
            };
            long expected = switch (tensor.dtype()) {
                case BOOL -> i % 3 == 0 ? 1 : 0;
                case UINT8 -> i;
                default -> i - 5;
            };
            assertEquals(expected, value, name + " " + i);
        }
    }
}
