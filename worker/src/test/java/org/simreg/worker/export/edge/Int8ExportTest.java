package org.simreg.worker.export.edge;

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
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.OptionalInt;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledIfSystemProperty;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.simreg.proto.Dataset;
import org.simreg.proto.Interpolation;
import org.simreg.proto.Network;
import org.simreg.proto.Pixels;
import org.simreg.proto.Roots;
import org.simreg.proto.UserError;
import org.simreg.worker.base.concurrent.ProgressMonitor;
import org.simreg.worker.data.dataset.ImageDataset;
import org.simreg.worker.data.loader.BatchLoader;
import org.simreg.worker.data.storage.DatasetOpener;
import org.simreg.worker.data.view.ViewRecipe;
import org.simreg.worker.engine.torch.Torch;
import org.simreg.worker.export.OnnxTarget;
import org.simreg.worker.export.OnnxWriter;
import org.simreg.worker.export.StudentExport;
import org.simreg.worker.export.StudentExport.Backbone;
import org.simreg.worker.export.onnx.ModelProto;
import org.simreg.worker.export.onnx.NodeProto;
import org.simreg.worker.network.NetworkGraph;
import org.simreg.worker.network.family.Networks;
import org.simreg.worker.weights.checkpoint.TowerFixture;
import org.simreg.worker.weights.checkpoint.WeightFixtures;
import org.simreg.worker.weights.format.Safetensors;

/** Networks with fixed shapes and in 8-bit integers, run by ONNX Runtime on real pictures. */
class Int8ExportTest {
    private static final int SIZE = 32;
    private static final OnnxTarget FIXED = new OnnxTarget(SIZE, OptionalInt.of(2), OnnxTarget.USUAL);

    @TempDir
    private Path folder;

    private static Torch torch;
    private static ImageDataset data;

    @BeforeAll
    static void start(@TempDir Path cache) {
        torch = new Torch("cpu", 1);
        data = DatasetOpener.local(
                Dataset.newBuilder()
                        .addPath(Path.of("..", "scripts", "sample").toString())
                        .setLimitClasses(2)
                        .build(),
                new DatasetOpener.Local(cache, Roots.ANYWHERE, ImageDataset.IndexProgress.SILENT),
                notice -> {});
    }

    @AfterAll
    static void stop() {
        torch.close();
    }

    private static Backbone backbone(Network name) {
        NetworkGraph network = Networks.backbone(name);
        NetworkGraph sized = name == Network.VIT_TI16 ? network.forSize(SIZE) : network;
        return new Backbone(sized, WeightFixtures.weights(sized), Networks.pixels(name), Networks.interpolation(name));
    }

    private static Int8Export export(Backbone backbone, String... keep) {
        return new Int8Export(
                backbone,
                new Int8Export.Request(FIXED, 16, List.of(keep), false),
                new Int8Export.Images(
                        data,
                        new ViewRecipe.CentreView(SIZE, SIZE),
                        torch,
                        1,
                        new BatchLoader.Settings(1, 3, 0),
                        notice -> {},
                        ProgressMonitor.SILENT));
    }

    private static float[] features(ModelProto model, OptionalInt batch) {
        byte[] pixels = new byte[3 * 3 * SIZE * SIZE];
        new Random(5).nextBytes(pixels);
        try (OnnxSession session = new OnnxSession(model, batch, Pixels.IMAGENET, 1, (name, values) -> {});
                NDManager scope = torch.scope()) {
            NDArray images = scope.create(ByteBuffer.wrap(pixels), new Shape(3, SIZE, SIZE, 3), DataType.UINT8);
            return session.of(scope, images).toFloatArray();
        }
    }

    /** Three images by a model for two at a time: the last call is filled up. */
    @ParameterizedTest
    @EnumSource(
            value = Network.class,
            names = {
                "RESNET18",
                "MOBILENET_V2_TF",
                "MOBILENETV3_SMALL",
                "MOBILENETV4_CONV_SMALL",
                "EFFICIENTNET_B0_TF",
                "CONVNEXT_ATTO",
                "VIT_TI16"
            })
    void fixedShapesGiveTheSameFeatures(Network name) {
        sameFeatures(name);
    }

    @Test
    @EnabledIfSystemProperty(named = "simreg.test.networks", matches = "all")
    void soDoThoseOfTensorFlowsPadding() {
        sameFeatures(Network.RESNET50_BYOL);
    }

    private static void sameFeatures(Network name) {
        Backbone backbone = backbone(name);
        ModelProto free = OnnxWriter.model(backbone.network(), backbone.weights(), new OnnxTarget(SIZE));
        ModelProto fixed = OnnxWriter.model(backbone.network(), backbone.weights(), FIXED);
        float[] wanted = features(free, OptionalInt.empty());
        float[] got = features(fixed, OptionalInt.of(2));
        double largest = 0;
        double worst = 0;
        for (int i = 0; i < wanted.length; i++) {
            largest = Math.max(largest, Math.abs(wanted[i]));
            worst = Math.max(worst, Math.abs(wanted[i] - got[i]));
        }
        assertEquals(0, worst / largest, 1e-5);
        assertFalse(fixed.getGraph().toString().contains("SAME_UPPER"), "explicit pads");
        assertFalse(fixed.getGraph().toString().contains("dim_param"), "no free sizes");
        assertTrue(fixed.getGraph().getNodeList().stream()
                .noneMatch(node -> node.getOpType().equals("Shape")));
    }

    @ParameterizedTest
    @EnumSource(
            value = Network.class,
            names = {
                "RESNET18",
                "MOBILENET_V2",
                "MOBILENETV3_SMALL",
                "MOBILENETV4_CONV_SMALL",
                "CONVNEXT_ATTO",
                "VIT_TI16"
            })
    void eightBitsKeepTheDirectionOfFeatures(Network name) throws IOException {
        Path file = folder.resolve("int8.onnx");
        Backbone backbone = backbone(name);
        Int8Export.Outcome outcome = export(backbone).write(file);
        assertTrue(outcome.meanCosine() > 0.9, name + ": " + outcome);
        assertEquals(Set.of(1, 20), outcome.accuracies().keySet());
        ModelProto model = ModelProto.parseFrom(Files.readAllBytes(file));
        Set<String> restored = new HashSet<>();
        for (NodeProto node : model.getGraph().getNodeList()) {
            if (node.getOpType().equals("DequantizeLinear")) {
                restored.add(node.getOutput(0));
            } else if (Set.of("Conv", "Gemm").contains(node.getOpType())) {
                assertTrue(restored.containsAll(node.getInputList().subList(0, 2)), node.getName());
            }
        }
        long floats =
                OnnxWriter.model(backbone.network(), backbone.weights(), FIXED).getSerializedSize();
        assertTrue(Files.size(file) < 0.45 * floats, "a quarter of the weights' bytes, and some scales");
    }

    /** Pixels from -1 to 1, which ImageNet's mean and deviation would make -2.1 to 2.6. */
    @Test
    void rangesAreThoseOfTheNetworksOwnPixels() throws IOException {
        Path file = folder.resolve("int8.onnx");
        export(backbone(Network.VIT_TI16)).write(file);
        ModelProto model = ModelProto.parseFrom(Files.readAllBytes(file));
        NodeProto first = model.getGraph().getNodeList().stream()
                .filter(node -> node.getOpType().equals("QuantizeLinear")
                        && node.getInput(0).equals("images"))
                .findFirst()
                .orElseThrow();
        float scale = model.getGraph().getInitializerList().stream()
                .filter(tensor -> tensor.getName().equals(first.getInput(1)))
                .map(tensor -> tensor.getRawData()
                        .asReadOnlyByteBuffer()
                        .order(ByteOrder.LITTLE_ENDIAN)
                        .getFloat())
                .findFirst()
                .orElseThrow();
        assertEquals(2 / 255f, scale, 1e-4f);
        assertTrue(model.getMetadataPropsList().stream()
                .anyMatch(
                        note -> note.getKey().equals("mean") && note.getValue().equals("[0.5, 0.5, 0.5]")));
    }

    /** Weights without a run's note are shown what their network's publishers show them. */
    @Test
    void aBackboneOfAnotherLibraryIsEvaluatedAsItsPublishersDo() {
        Path weights = folder.resolve("vit.safetensors");
        TowerFixture tower = TowerFixture.read("timm-vit-ti16-96");
        Safetensors.write(weights, tower.file(tower.depth()));
        Backbone read = StudentExport.backbone(StudentExport.Source.run(weights), notice -> {});
        assertEquals(Pixels.HALF, read.pixels());
        assertEquals(Interpolation.BICUBIC, read.interpolation());
    }

    @Test
    void layersStayInFloatByNameOrByTheBeginningOfTheirNames() throws IOException {
        Path file = folder.resolve("int8.onnx");
        Int8Export.Outcome outcome =
                export(backbone(Network.RESNET18), "conv1", "layer1").write(file);
        assertEquals(
                List.of("conv1", "layer1.0.conv1", "layer1.0.conv2", "layer1.1.conv1", "layer1.1.conv2"),
                outcome.kept());
        ModelProto model = ModelProto.parseFrom(Files.readAllBytes(file));
        NodeProto first = model.getGraph().getNodeList().stream()
                .filter(node -> node.getName().equals("conv1"))
                .findFirst()
                .orElseThrow();
        assertEquals(List.of("images", "conv1.weight", "conv1.bias"), first.getInputList());
        UserError wrong = assertThrows(
                UserError.class,
                () -> export(backbone(Network.RESNET18), "layer9").write(file));
        assertTrue(wrong.getMessage().contains("layer4.1.conv2"), wrong.getMessage());
    }

    @Test
    void theLayerThatLosesMostIsNamed() {
        List<Int8Export.LayerError> errors = export(backbone(Network.RESNET18)).layerErrors();
        assertEquals(20, errors.size());
        for (int i = 1; i < errors.size(); i++) {
            assertTrue(errors.get(i - 1).error() >= errors.get(i).error());
        }
        assertTrue(errors.get(0).error() > 0);
    }

    @Test
    void operatorsThatASetLacksAreRefused() {
        Backbone convnext = backbone(Network.CONVNEXT_ATTO);
        UserError old = assertThrows(
                UserError.class,
                () -> OnnxWriter.model(
                        convnext.network(), convnext.weights(), new OnnxTarget(SIZE, OptionalInt.of(1), 13)));
        assertTrue(old.getMessage().contains("choose 17 or more"), old.getMessage());
        Backbone resnet = backbone(Network.RESNET18);
        for (int opset : new int[] {13, 21}) {
            ModelProto model = OnnxWriter.model(
                    resnet.network(), resnet.weights(), new OnnxTarget(SIZE, OptionalInt.of(2), opset));
            assertEquals(3 * 512, features(model, OptionalInt.of(2)).length);
        }
        assertThrows(UserError.class, () -> new OnnxTarget(SIZE, OptionalInt.of(0), 17));
        assertThrows(UserError.class, () -> new OnnxTarget(SIZE, OptionalInt.empty(), 12));
    }
}
