package org.simreg.worker.weights.checkpoint;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.simreg.proto.Head;
import org.simreg.proto.Network;
import org.simreg.proto.UserError;
import org.simreg.worker.network.Heads;
import org.simreg.worker.network.NetworkGraph;
import org.simreg.worker.network.Weight;
import org.simreg.worker.network.family.Networks;
import org.simreg.worker.weights.part.PartRequest;
import org.simreg.worker.weights.tensor.DType;
import org.simreg.worker.weights.tensor.HostTensor;
import org.simreg.worker.weights.tensor.StateDict;

class NetworkFitTest {
    private static final NetworkGraph RESNET18 = Networks.backbone(Network.RESNET18);

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "module.",
                "encoder_q.",
                "module.encoder_q.",
                "encoder.",
                "backbone.",
                "encoder_q.module.",
                "encoder_t.module.",
                "student.",
                "some.other.place."
            })
    void whateverStandsBeforeTheNamesIsStripped(String prefix) {
        StateDict file = behind(prefix, RESNET18);
        StateDict weights = NetworkFit.fit(file, RESNET18, "x.pth");
        assertEquals(names(RESNET18), new ArrayList<>(weights.names()));
    }

    @ParameterizedTest
    @ValueSource(strings = {"training.pth", "training-legacy.pth.tar"})
    void theEncoderIsTakenAndNotItsMomentumCopy(String name) {
        StateDict file = WeightsFile.read(WeightFixtures.file(name));
        StateDict weights = NetworkFit.fit(file, WeightFixtures.SMALL, name);
        for (Weight weight : WeightFixtures.SMALL.weights()) {
            assertArrayEquals(
                    TestWeights.values(weight), weights.get(weight.name()).floats(), weight.name());
        }
    }

    @Test
    void ofADistilledCheckpointTheStudentIsTakenAndTheHeadCanBe() {
        NetworkGraph head = Heads.regression(Head.Form.RELEASED, 4, 512, 2048);
        Map<String, HostTensor> all = new LinkedHashMap<>();
        put(all, empty(Networks.backbone(Network.RESNET18)), "encoder_t.module.");
        put(all, empty(RESNET18), "encoder_q.module.");
        put(all, empty(head), "predict_q.module.");
        all.put("encoder_q.module.bn1.bias", HostTensor.of(new float[64], 64));
        all.put("encoder_q.module.conv1.weight", ones(64, 3, 7, 7));
        StateDict file = StateDict.of(all);

        assertEquals(1f, NetworkFit.fit(file, RESNET18, "x").get("conv1.weight").floats()[0]);
        assertEquals(
                names(head), new ArrayList<>(NetworkFit.fit(file, head, "x").names()));
    }

    @Test
    void heldInHalfPrecisionTheyComeAsFloat32() {
        Map<String, HostTensor> all = new LinkedHashMap<>();
        put(all, empty(RESNET18), "");
        HostTensor half =
                WeightsFile.read(WeightFixtures.file("everything.pth")).get("float16");
        NetworkGraph network = Heads.regression(Head.Form.LINEAR, 1, 12, 1);
        put(all, empty(network), "");
        all.put("0.weight", half);
        StateDict weights = NetworkFit.fit(StateDict.of(all), network, "x");
        assertEquals(DType.FLOAT32, weights.dtype("0.weight"));
        assertEquals(65504f, weights.get("0.weight").floats()[4]);
    }

    @ParameterizedTest
    @EnumSource(
            value = Network.class,
            names = {"RESNET34", "RESNET101", "RESNET50X2", "MOBILENET_V2"})
    void anotherNetworksWeightsAreRefusedWithTheNetworkThatFits(Network name) {
        NetworkGraph wanted = Networks.backbone(name);
        String message = refusal(behind("module.", RESNET18), wanted);
        assertTrue(message.startsWith("Can't use the weights of x.pth for " + wanted.name()));
        assertTrue(message.endsWith("they fit resnet18, so name that network"), message);
        assertTrue(message.length() < 900, message);
    }

    @Test
    void aLargerNetworkThatHoldsAllNamesIsRefusedToo() {
        StateDict file = empty(Networks.backbone(Network.RESNET34));
        String message = refusal(file, RESNET18);
        assertTrue(message.contains("80 unexpected (layer1.2.conv1.weight, "), message);
        assertTrue(message.contains("they fit resnet34"), message);
    }

    @Test
    void whatIsMissingOrMisshapenIsListed() {
        Map<String, HostTensor> all = new LinkedHashMap<>();
        put(all, empty(RESNET18), "");
        all.remove("bn1.weight");
        all.put("conv1.weight", ones(64, 3, 3, 3));
        all.put("bn1.bias", new HostTensor(DType.INT8, new long[] {64}, bytes(64)));
        String message = refusal(StateDict.of(all), RESNET18);
        assertTrue(message.contains("1 missing (bn1.weight)"), message);
        assertTrue(message.contains("conv1.weight[64, 3, 7, 7] has shape [64, 3, 3, 3]"), message);
        assertTrue(message.contains("bn1.bias[64] has type INT8"), message);
        assertTrue(message.contains("they fit no known network"), message);
    }

    @Test
    void quantisedWeightsAreNamed() {
        Map<String, HostTensor> all = new LinkedHashMap<>();
        put(all, empty(RESNET18), "");
        all.remove("conv1.weight");
        all.put("conv1.scale", ones(1));
        all.put("conv1.zero_point", new HostTensor(DType.INT64, new long[] {}, bytes(8)));
        String message = refusal(StateDict.of(all), RESNET18);
        assertTrue(message.contains("its weights are quantised (conv1.zero_point); give the float network"), message);
    }

    @Test
    void twoUnknownPlacesThatFitAlikeAreAmbiguous() {
        Map<String, HostTensor> all = new LinkedHashMap<>();
        put(all, empty(RESNET18), "left.");
        put(all, empty(RESNET18), "right.");
        all.put("right.bn1.weight", ones(64));
        String message = refusal(StateDict.of(all), RESNET18);
        assertTrue(message.contains("'left.' and 'right.' fit alike"), message);
    }

    @Test
    void equalCopiesAreOne() {
        Map<String, HostTensor> all = new LinkedHashMap<>();
        put(all, empty(RESNET18), "left.");
        put(all, empty(RESNET18), "right.");
        List<String> notes = new ArrayList<>();
        NetworkFit.find(StateDict.of(all), RESNET18, PartRequest.ANY, "x.pth", notes::add);
        assertEquals(List.of(), notes);
    }

    @Test
    void theLastLayerIsLeftOutOrMeasured() {
        NetworkGraph classifier = Networks.classifier(Network.RESNET18, 7);
        StateDict file = behind("module.", classifier);
        assertEquals(
                RESNET18.weights().size(),
                NetworkFit.fit(file, RESNET18, "x.pth").size());
        assertEquals(7, NetworkFit.classes(file, Network.RESNET18, PartRequest.ANY, "x.pth"));
        UserError error = assertThrows(
                UserError.class, () -> NetworkFit.classes(empty(RESNET18), Network.RESNET18, PartRequest.ANY, "x.pth"));
        assertTrue(error.getMessage().contains("no matrix fc.weight"), error.getMessage());
    }

    private static String refusal(StateDict file, NetworkGraph network) {
        UserError error = assertThrows(UserError.class, () -> NetworkFit.fit(file, network, "x.pth"));
        return error.getMessage();
    }

    private static StateDict empty(NetworkGraph network) {
        Map<String, HostTensor> weights = new LinkedHashMap<>();
        for (Weight weight : network.weights()) {
            weights.put(weight.name(), new HostTensor(DType.FLOAT32, weight.shape(), bytes(4 * weight.length())));
        }
        return StateDict.of(weights);
    }

    private static StateDict behind(String prefix, NetworkGraph network) {
        Map<String, HostTensor> all = new LinkedHashMap<>();
        put(all, empty(network), prefix);
        return StateDict.of(all);
    }

    private static ByteBuffer bytes(int count) {
        return ByteBuffer.wrap(ZEROS, 0, count);
    }

    private static final byte[] ZEROS = new byte[4 * 2048 * 2 * 1024 * 9];

    private static HostTensor ones(long... shape) {
        float[] values = new float[(int) HostTensor.count(shape)];
        Arrays.fill(values, 1f);
        return HostTensor.of(values, shape);
    }

    private static void put(Map<String, HostTensor> all, StateDict dict, String prefix) {
        dict.names().forEach(name -> all.put(prefix + name, dict.get(name)));
    }

    private static List<String> names(NetworkGraph network) {
        return network.weights().stream().map(Weight::name).toList();
    }
}
