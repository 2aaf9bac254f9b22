package org.simreg.worker.engine.torchscript;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import java.io.IOException;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.simreg.proto.Head;
import org.simreg.proto.UserError;
import org.simreg.worker.engine.torch.FlatLayout;
import org.simreg.worker.engine.torch.Torch;
import org.simreg.worker.network.Heads;
import org.simreg.worker.network.NetworkGraph;
import org.simreg.worker.network.Weight;
import org.simreg.worker.weights.checkpoint.TestWeights;
import org.simreg.worker.weights.checkpoint.WeightsFile;
import org.simreg.worker.weights.format.script.ScriptArchive;
import org.simreg.worker.weights.tensor.HostTensor;
import org.simreg.worker.weights.tensor.StateDict;

/**
 * Tests of TorchScript modules from outside as students: they train as in PyTorch, or are refused.
 */
class ScriptStudentTest {
    private static final int TARGET = 64;
    private static final int SIZE = 32;

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
    @ValueSource(strings = {"cnn", "vit", "odd"})
    void aFrozenModuleGivesPyTorchsFeatures(String name) {
        NetworkGraph network = ScriptStudent.network(torch, file(name), SIZE);
        StateDict start = ScriptArchive.read(file(name)).start();
        close(numbers(name).get("features").floats(), features(network, start), 1e-4, "features");
    }

    @ParameterizedTest
    @ValueSource(strings = {"cnn", "vit", "odd"})
    void aStepGivesPyTorchsLossAndGradient(String name) {
        StateDict expected = numbers(name);
        StudentNetwork trained = trained(name);
        try (StepModule step = module(name, trained);
                NDManager scope = torch.scope()) {
            NDArray out = step.newOut(scope);
            step.backward(images(scope, 0), ParityTest.targets(scope), out);
            assertEquals(expected.get("losses").floats()[0], step.loss(out), 1e-4);
            float[] gradient = out.toFloatArray();
            double least = 1e-3 * total(expected.withoutPrefix("gradient/"));
            for (Weight weight : trained.parameters().weights()) {
                String wanted = "gradient/" + bare(weight);
                close(
                        expected.contains(wanted) ? expected.get(wanted).floats() : new float[weight.length()],
                        trained.parameters().get(gradient, weight.name()),
                        1e-4,
                        least,
                        weight.name());
            }
        }
    }

    private static void follows(StateDict expected, FlatLayout layout, float[] flat) {
        for (Weight weight : layout.weights()) {
            float[] wanted = expected.get("after/" + bare(weight)).floats();
            close(wanted, layout.get(flat, weight.name()), 1e-3, weight.name());
        }
    }

    /** Some gradients are zero but for rounding: biases ahead of a BatchNorm. */
    private static double total(StateDict gradient) {
        double square = 0;
        for (String name : gradient.names()) {
            for (float value : gradient.get(name).floats()) {
                square += (double) value * value;
            }
        }
        return Math.sqrt(square);
    }

    @ParameterizedTest
    @ValueSource(strings = {"cnn", "vit", "odd"})
    void tenStepsOfSgdFollowPyTorchAndAreExported(String name) {
        StateDict expected = numbers(name);
        StudentNetwork trained = trained(name);
        StudentState state;
        try (StepModule step = module(name, trained)) {
            float[] losses = expected.get("losses").floats();
            for (int i = 0; i < losses.length; i++) {
                try (NDManager scope = torch.scope()) {
                    NDArray out = step.newOut(scope);
                    step.backward(images(scope, i), ParityTest.targets(scope), out);
                    assertEquals(losses[i], step.loss(out), 1e-3);
                    step.update(out, TrainableStudent.Rates.of(0.05));
                }
            }
            state = step.state();
        }
        follows(expected, trained.parameters(), state.weights());
        follows(expected, trained.statistics(), state.statistics());
        StateDict weights = backbone(trained, state);
        float[] trainedFeatures = expected.get("trained").floats();
        close(trainedFeatures, features(trained.backbone(), weights), 1e-3, "features");
        Path written = folder.resolve("written.pt");
        ScriptArchive.read(file(name)).write(written, weights, Map.of());
        StateDict exported = WeightsFile.read(written);
        for (String tensor : expected.withoutPrefix("after/").names()) {
            if (exported.contains(tensor) && exported.dtype(tensor).isFloat()) {
                close(
                        expected.get("after/" + tensor).floats(),
                        exported.get(tensor).floats(),
                        1e-3,
                        tensor);
            }
        }
        try (ScriptModule loaded = new ScriptModule(torch, written);
                NDManager scope = torch.scope()) {
            float[] again = loaded.features(scope, two(scope)).toFloatArray();
            close(trainedFeatures, again, 1e-3, "features of the exported module");
        }
    }

    @Test
    void everyPassOfAStepStartsFromTheSameBuffers() {
        StudentNetwork trained = trained("cnn");
        try (StepModule step = module("cnn", trained);
                NDManager scope = torch.scope()) {
            NDArray first = step.newOut(scope);
            NDArray second = step.newOut(scope);
            step.backward(images(scope, 0), ParityTest.targets(scope), first);
            step.backward(images(scope, 1), ParityTest.targets(scope), second);
            step.backward(images(scope, 0), ParityTest.targets(scope), second);
            assertArrayEquals(first.toFloatArray(), second.toFloatArray());
        }
    }

    @Test
    void countersOfBatchesAreExportedAsWholeNumbers() {
        StudentNetwork trained = trained("odd");
        try (StepModule step = module("odd", trained);
                NDManager scope = torch.scope()) {
            NDArray out = step.newOut(scope);
            for (int i = 0; i < 3; i++) {
                step.backward(images(scope, i), ParityTest.targets(scope), out);
                step.update(out, TrainableStudent.Rates.of(0.05));
            }
            ScriptArchive archive = ScriptArchive.read(file("odd"));
            StateDict exported = archive.stateDict(backbone(trained, step.state()));
            assertEquals(3, exported.get("norm.num_batches_tracked").data().getLong());
            assertEquals(
                    exported.get("first.weight").data(),
                    exported.get("second.weight").data());
            StateDict own = WeightsFile.read(file("odd"));
            assertEquals(
                    own.get("stem.weight").data(), exported.get("stem.weight").data());
            assertEquals(own.get("mask").data(), exported.get("mask").data());
        }
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "grey | failed on images (2, 3, 32, 32)",
                "picture | gave a tensor of shape (2, 4, 4, 4)",
                "noise | gave other features for the same images",
                "cut | gives features that no gradient flows from",
                "half | is FLOAT16, and students of this kind are trained in float32",
                "pair | its forward gives Tuple[Tensor, Tensor] instead of one tensor",
                "bare | it has no parameters that ask for a gradient"
            })
    void aModuleThatCantBeTrainedIsRefusedInASentence(String name, String reason) {
        refused(file(name), reason);
    }

    @Test
    void whatIsNoTorchScriptIsRefusedInASentence() throws IOException {
        Path text = Files.writeString(folder.resolve("notes.pt"), "not a module");
        refused(text, "it is no TorchScript file, or a damaged one");
        refused(folder.resolve("absent.pt"), "there is no such file");
        refused(folder, "it is a folder");
        byte[] whole = Files.readAllBytes(file("cnn"));
        Path half = folder.resolve("cut.pt");
        Files.write(half, Arrays.copyOf(whole, whole.length / 2));
        refused(half, "it is no TorchScript file, or a damaged one");
    }

    private void refused(Path file, String reason) {
        UserError refused = assertThrows(UserError.class, () -> ScriptStudent.network(torch, file, SIZE));
        assertTrue(refused.getMessage().contains(file.toString()), refused.getMessage());
        assertTrue(refused.getMessage().contains(reason), refused.getMessage());
        assertFalse(refused.getMessage().contains("\n"), refused.getMessage());
    }

    private static float[] features(NetworkGraph network, StateDict weights) {
        try (FrozenModule frozen = FrozenModule.of(torch, network, weights, false);
                NDManager scope = torch.scope()) {
            frozen.features(scope, images(scope, 0));
            return frozen.features(scope, two(scope)).toFloatArray();
        }
    }

    private static NDArray two(NDManager scope) {
        return ParityTest.images(scope, "images", 2, SIZE);
    }

    private static NDArray images(NDManager scope, int step) {
        return ParityTest.images(scope, "images" + step, 16, SIZE);
    }

    private static StudentNetwork trained(String name) {
        NetworkGraph backbone = ScriptStudent.network(torch, file(name), SIZE);
        return StudentNetwork.regression(
                backbone, List.of(Heads.regression(Head.Form.LINEAR, 1, backbone.outputs(), TARGET)));
    }

    private static StepModule module(String name, StudentNetwork trained) {
        StateDict own = ScriptArchive.read(file(name)).start();
        float[] weights = flat(trained.parameters(), own);
        StudentState state = new StudentState(
                weights,
                List.of(new float[weights.length]),
                flat(trained.statistics(), own),
                new float[0],
                new float[0]);
        return new StepModule(torch, trained, new StepSettings(false, 0.9, 1e-4), state);
    }

    private static float[] flat(FlatLayout layout, StateDict own) {
        float[] flat = new float[layout.length()];
        for (Weight weight : layout.weights()) {
            boolean ofModule = weight.name().startsWith(StudentNetwork.BACKBONE);
            layout.put(flat, weight.name(), ofModule ? own.get(bare(weight)).floats() : TestWeights.values(weight));
        }
        return flat;
    }

    private static StateDict backbone(StudentNetwork trained, StudentState state) {
        Map<String, HostTensor> tensors = new LinkedHashMap<>();
        for (Weight weight : trained.backbone().weights()) {
            String name = StudentNetwork.BACKBONE + weight.name();
            float[] values = weight.kind().trained()
                    ? trained.parameters().get(state.weights(), name)
                    : trained.statistics().get(state.statistics(), name);
            tensors.put(weight.name(), HostTensor.of(values, weight.shape()));
        }
        return StateDict.of(tensors);
    }

    private static String bare(Weight weight) {
        String name = weight.name();
        return name.startsWith(StudentNetwork.BACKBONE) ? name.substring(StudentNetwork.BACKBONE.length()) : name;
    }

    private static void close(float[] wanted, float[] got, double bound, String what) {
        close(wanted, got, bound, 1e-3, what);
    }

    /** Within a part of the tensor's length, or of the least one. */
    private static void close(float[] wanted, float[] got, double bound, double least, String what) {
        assertEquals(wanted.length, got.length, what);
        double square = 0;
        double error = 0;
        for (int i = 0; i < wanted.length; i++) {
            square += (double) wanted[i] * wanted[i];
            error += Math.pow(wanted[i] - got[i], 2);
        }
        double part = Math.sqrt(error) / Math.max(Math.sqrt(square), least);
        assertTrue(part < bound, () -> what + " is off by " + part);
    }

    private static StateDict numbers(String name) {
        return WeightsFile.read(resource(name + "-numbers.safetensors"));
    }

    private static Path file(String name) {
        return resource(name + ".pt");
    }

    private static Path resource(String name) {
        String resource = "/modules/" + name;
        try {
            return Path.of(Objects.requireNonNull(ScriptStudentTest.class.getResource(resource), resource)
                    .toURI());
        } catch (URISyntaxException e) {
            throw new IllegalStateException(e);
        }
    }
}
