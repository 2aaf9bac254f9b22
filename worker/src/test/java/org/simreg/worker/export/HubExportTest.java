package org.simreg.worker.export;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.simreg.proto.Network;
import org.simreg.proto.UserError;
import org.simreg.worker.export.StudentExport.Format;
import org.simreg.worker.network.NamingLayout;
import org.simreg.worker.network.family.Networks;
import org.simreg.worker.weights.checkpoint.HubFixture;
import org.simreg.worker.weights.checkpoint.WeightsFile;
import org.simreg.worker.weights.format.Safetensors;
import org.simreg.worker.weights.part.PartRequest;
import org.simreg.worker.weights.tensor.HostTensor;
import org.simreg.worker.weights.tensor.StateDict;

/** Exports under other libraries' names: every name and shape that the library's own state dict has, and no other. */
class HubExportTest {
    private static final Set<Format> NAMED = Set.of(Format.SAFETENSORS, Format.PTH);

    @TempDir
    private Path folder;

    @ParameterizedTest
    @CsvSource({
        "sequential-resnet18, HUGGINGFACE, huggingface-resnet18, resnet18",
        "mmpretrain-mobilenet-v2, TIMM, timm-mobilenet-v2, mobilenet-v2",
        "timm-mobilenet-v2, HUGGINGFACE, huggingface-mobilenet-v2, mobilenet-v2",
        "huggingface-mobilenet-v2, HUGGINGFACE, huggingface-mobilenet-v2, mobilenet-v2-tf",
        "timm-convnext-tiny, TORCHVISION, torchvision-convnext-tiny, convnext-tiny",
        "authors-convnext-tiny, HUGGINGFACE, huggingface-convnext-tiny, convnext-tiny",
        "huggingface-dinov3-convnext-tiny, TIMM, timm-convnext-tiny, convnext-tiny",
        "timm-convnext-atto, TIMM, timm-convnext-atto, convnext-atto",
        "timm-efficientnet-b0, TORCHVISION, torchvision-efficientnet-b0, efficientnet-b0",
        "torchvision-efficientnet-b0, TIMM, timm-efficientnet-b0, efficientnet-b0",
        "huggingface-efficientnet-b0, HUGGINGFACE, huggingface-efficientnet-b0, efficientnet-b0-tf",
        "huggingface-efficientnet-b0, TIMM, timm-tf-efficientnet-b0, efficientnet-b0-tf",
        "torchvision-mobilenetv3-small, TORCHVISION, torchvision-mobilenetv3-small, mobilenetv3-small",
        "timm-mobilenetv3-large-timm, TIMM, timm-mobilenetv3-large-timm, mobilenetv3-large-timm",
        "timm-mobilenetv4-conv-medium, TIMM, timm-mobilenetv4-conv-medium, mobilenetv4-conv-medium"
    })
    void anExportHasTheNamesAndShapesOfTheLibrary(String from, NamingLayout layout, String as, String network)
            throws IOException {
        Path file = folder.resolve("from.safetensors");
        Safetensors.write(file, HubFixture.zeros(from, ""));
        List<Path> files = StudentExport.checkpoint(
                StudentExport.Source.run(file),
                new StudentExport.Target(folder, 64, NAMED, Optional.of(layout)),
                notice -> {});
        Map<String, long[]> wanted = HubFixture.shapes(as);
        String last = network.startsWith("convnext") ? "(head\\.fc|classifier\\.2)\\..*" : "classifier\\..*";
        wanted.keySet().removeIf(name -> name.matches(last));
        for (Path written : files) {
            if (written.endsWith("config.json")) {
                assertTrue(Files.readString(written).contains("\"tf_padding\": " + network.endsWith("-tf"))
                        || !network.startsWith("mobilenet-v2"));
                continue;
            }
            StateDict found = WeightsFile.read(written);
            Map<String, long[]> shapes = new LinkedHashMap<>();
            found.names().stream()
                    .filter(name -> !name.endsWith(".num_batches_tracked"))
                    .forEach(name -> shapes.put(name, found.shape(name)));
            assertEquals(wanted.keySet(), shapes.keySet());
            wanted.forEach((name, shape) -> assertArrayEquals(shape, shapes.get(name), name));
        }
        assertEquals(layout == NamingLayout.HUGGINGFACE ? 3 : 2, files.size());
    }

    /** Whose names are ours: tokens and positions stand in no layer. */
    @ParameterizedTest
    @EnumSource(
            value = Network.class,
            names = {"VIT_TI16", "VIT_S16", "DINOV2_VITS14"})
    void aVisionTransformerHasTimmsNames(Network network) {
        Map<String, long[]> shapes = new LinkedHashMap<>();
        Networks.backbone(network).weights().forEach(w -> shapes.put(w.name(), w.shape()));
        Path file = folder.resolve("from.safetensors");
        Safetensors.write(file, StateDict.lazy(shapes, name -> new float[(int) HostTensor.count(shapes.get(name))]));
        List<Path> files = StudentExport.checkpoint(
                source(file, network),
                new StudentExport.Target(folder, 224, NAMED, Optional.of(NamingLayout.TIMM)),
                notice -> {});
        assertEquals(2, files.size());
        for (Path written : files) {
            assertEquals(shapes.keySet(), Set.copyOf(WeightsFile.read(written).names()));
        }
    }

    @Test
    void weightsThatAreNoNumbersAreExportedWithASentence() {
        Map<String, long[]> shapes = new LinkedHashMap<>();
        Networks.backbone(Network.RESNET18).weights().forEach(w -> shapes.put(w.name(), w.shape()));
        Path file = folder.resolve("from.safetensors");
        Safetensors.write(file, StateDict.lazy(shapes, name -> {
            float[] values = new float[(int) HostTensor.count(shapes.get(name))];
            values[0] = name.startsWith("layer1.0.conv") ? Float.NaN : 1;
            return values;
        }));
        List<String> notices = new ArrayList<>();
        StudentExport.checkpoint(
                source(file, Network.RESNET18),
                new StudentExport.Target(folder, 224, NAMED, Optional.of(NamingLayout.TIMM)),
                notices::add);
        assertTrue(
                notices.toString()
                        .contains(
                                "no finite numbers (in 2 of 100 tensors, the first is layer1.0.conv1.weight), and so are"),
                notices::toString);
    }

    @Test
    void theFolderForTransformersSaysWhichResNetItIs() {
        Map<String, long[]> shapes = new LinkedHashMap<>();
        Networks.backbone(Network.RESNET50).weights().forEach(w -> shapes.put(w.name(), w.shape()));
        StateDict weights = StateDict.lazy(shapes, name -> new float[0]);
        String config = HubExport.of(Network.RESNET50, NamingLayout.HUGGINGFACE, weights, Map.of())
                .config();
        assertTrue(config.contains("\"hidden_sizes\": [256, 512, 1024, 2048]"), config);
        assertTrue(config.contains("\"depths\": [3, 4, 6, 3]"), config);
        assertTrue(config.contains("\"layer_type\": \"bottleneck\""), config);
    }

    @Test
    void everyNetworkThatIsWrittenForTransformersHasItsConfig() {
        for (Network network : Networks.all()) {
            if (Networks.written(network).contains(NamingLayout.HUGGINGFACE)) {
                Map<String, long[]> shapes = new LinkedHashMap<>();
                Networks.backbone(network).weights().forEach(w -> shapes.put(w.name(), w.shape()));
                StateDict weights = StateDict.lazy(shapes, name -> new float[0]);
                String config = HubExport.of(network, NamingLayout.HUGGINGFACE, weights, Map.of())
                        .config();
                // RESNET50 is a resnet, CONVNEXT_TINY a convnext: the names begin alike.
                String family = network.name().replaceAll("_.*|NET.*", "").toLowerCase(Locale.ROOT);
                assertTrue(config.contains("\"model_type\": \"" + family), network + ": " + config);
            }
        }
    }

    @Test
    void theFolderForTransformersSaysWhichConvNeXtItIs() {
        Map<String, long[]> shapes = new LinkedHashMap<>();
        Networks.backbone(Network.CONVNEXT_SMALL).weights().forEach(w -> shapes.put(w.name(), w.shape()));
        StateDict weights = StateDict.lazy(shapes, name -> new float[0]);
        String config = HubExport.of(Network.CONVNEXT_SMALL, NamingLayout.HUGGINGFACE, weights, Map.of())
                .config();
        assertTrue(config.contains("\"hidden_sizes\": [96, 192, 384, 768]"), config);
        assertTrue(config.contains("\"depths\": [3, 3, 27, 3]"), config);
    }

    @Test
    void aLayoutWithoutSuchANetworkAndFormatsWithoutNamesAreRefused() {
        Path file = folder.resolve("from.safetensors");
        Safetensors.write(file, HubFixture.zeros("shortcut-resnet18-cifar", ""));
        refused(
                file,
                new StudentExport.Target(folder, 64, NAMED, Optional.of(NamingLayout.HUGGINGFACE)),
                "resnet18-cifar");
        refused(
                file,
                new StudentExport.Target(folder, 64, Set.of(Format.ONNX), Optional.of(NamingLayout.TIMM)),
                "--format");
    }

    private static StudentExport.Source source(Path file, Network network) {
        return new StudentExport.Source(file, Optional.of(network), PartRequest.ANY);
    }

    private static void refused(Path file, StudentExport.Target target, String part) {
        UserError error = assertThrows(
                UserError.class,
                () -> StudentExport.checkpoint(source(file, Network.RESNET18_CIFAR), target, notice -> {}));
        assertTrue(error.getMessage().contains(part), error.getMessage());
    }
}
