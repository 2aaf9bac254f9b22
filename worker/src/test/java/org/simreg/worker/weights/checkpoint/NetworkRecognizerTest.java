package org.simreg.worker.weights.checkpoint;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.simreg.proto.Head;
import org.simreg.proto.Network;
import org.simreg.proto.UserError;
import org.simreg.worker.network.Heads;
import org.simreg.worker.network.NetworkGraph;
import org.simreg.worker.network.Weight;
import org.simreg.worker.network.family.Networks;
import org.simreg.worker.weights.part.PartRequest;
import org.simreg.worker.weights.part.PartRole;

class NetworkRecognizerTest {
    private static final PartRequest TEACHER = new PartRequest("teacher", "--part");

    /** All but the one whose layers are larger than the zeros that stand for tensors here. */
    static Stream<Network> networks() {
        return Networks.all().stream().filter(name -> name != Network.DINOV3_VIT7B16);
    }

    private static List<String> names(Network name) {
        return Networks.backbone(name).weights().stream().map(Weight::name).toList();
    }

    @ParameterizedTest
    @MethodSource("networks")
    void everyNetworkIsFoundUnderAnyPrefix(Network name) {
        // Of networks that a file can't tell apart it is the usual one.
        Network usual = Networks.all().stream()
                .filter(other ->
                        Networks.alike(other).contains(name) && names(other).equals(names(name)))
                .findFirst()
                .orElse(name);
        for (String prefix : new String[] {"", "module.encoder_q.", "some.place."}) {
            RecognizedFile found = new NamedShapes().with(name, prefix).recognised();
            assertEquals(1, found.networks().size());
            RecognizedFile.FoundNetwork network = found.networks().get(0);
            assertEquals(usual, network.name());
            assertEquals(prefix, network.prefix());
            assertEquals(0, network.classes());
            assertTrue(found.heads().isEmpty(), found.heads().toString());
        }
    }

    @Test
    void ofMocoTheEncoderIsMeantAndItsAverageAndQueueAreNot() {
        NamedShapes file = new NamedShapes();
        for (String encoder : new String[] {"module.encoder_k.", "module.encoder_q."}) {
            file.with(Network.RESNET50, encoder);
            file.with(encoder + "fc.0.weight", 2048, 2048).with(encoder + "fc.0.bias", 2048);
            file.with(encoder + "fc.2.weight", 128, 2048).with(encoder + "fc.2.bias", 128);
        }
        RecognizedFile found = file.with("module.queue", 128, 65536).recognised();
        RecognizedFile.FoundNetwork encoder = found.network(PartRequest.ANY, "x", n -> {});
        assertEquals("module.encoder_q.", encoder.prefix());
        assertEquals(PartRole.MOMENTUM, found.networks().get(1).role());
        assertEquals(
                "0 Linear 2048 -> 2048, 2 Linear 2048 -> 128",
                found.heads().get(0).shapes());
        assertEquals(List.of(), found.heads(2048), "what pre-training left is no head");
    }

    @Test
    void ofSwavTheProjectionIsNamedAndThePrototypesAreNoNetwork() {
        RecognizedFile found = new NamedShapes()
                .with(Network.RESNET50, "module.")
                .with(Heads.projection(2048, 2048, 128), "module.projection_head.")
                .with("module.prototypes.weight", 3000, 128)
                .recognised();
        assertEquals("module.", found.network(PartRequest.ANY, "x", n -> {}).prefix());
        assertEquals("projection", found.heads().get(0).form().split(",")[0]);
    }

    @Test
    void aSupervisedNetworkTellsItsClasses() {
        NamedShapes file = new NamedShapes().with(Network.RESNET50, "");
        file.with("fc.weight", 1000, 2048).with("fc.bias", 1000);
        assertEquals(1000, file.recognised().networks().get(0).classes());
        NamedShapes mobile = new NamedShapes().with(Network.MOBILENET_V2, "");
        mobile.with("classifier.1.weight", 7, 1280).with("classifier.1.bias", 7);
        assertEquals(7, mobile.recognised().networks().get(0).classes());
        assertEquals(List.of(), mobile.recognised().heads());
    }

    @Test
    void theAuthorsCheckpointHasStudentHeadAndTeacher() {
        RecognizedFile found = authors(Heads.regression(Head.Form.RELEASED, 4, 512, 2048));
        RecognizedFile.FoundNetwork student = found.network(PartRequest.ANY, "x", n -> {});
        assertEquals("encoder_q.module.", student.prefix());
        assertEquals(Network.RESNET18, student.name());
        RecognizedFile.FoundNetwork teacher = found.network(TEACHER, "x", n -> {});
        assertEquals("encoder_t.module.", teacher.prefix());
        assertEquals(Network.RESNET50, teacher.name());
        RecognizedFile.FoundHead head = found.heads(512).get(0);
        assertEquals("predict_q.module.", head.prefix());
        assertEquals("released, 4 layers", head.form());
        assertEquals(2048, head.out());
        assertEquals(List.of(), found.heads(2048));
    }

    @ParameterizedTest
    @CsvSource({
        "RELEASED, 1, 1 layer",
        "RELEASED, 2, 'released, 2 layers'",
        "RELEASED, 4, 'released, 4 layers'",
        "PAPER, 2, 'paper, 2 layers'",
        "PAPER, 4, 'paper, 4 layers'",
        "LINEAR, 1, linear"
    })
    void theFormOfAHeadIsReadFromItsKeys(Head.Form form, int layers, String name) {
        var network = Heads.regression(form, layers, 512, 64);
        RecognizedFile.FoundHead head = authors(network).heads().get(0);
        assertEquals(name, head.form());
        assertEquals(network, head.network().orElseThrow());
    }

    @Test
    void aHeadOfAnotherFormKeepsItsShapesAndNoForm() {
        NamedShapes file = new NamedShapes().with(Network.RESNET18, "encoder_q.module.");
        file.with("predict_q.module.0.weight", 100, 512).with("predict_q.module.0.bias", 100);
        file.with("predict_q.module.2.weight", 64, 100).with("predict_q.module.2.bias", 64);
        RecognizedFile found = file.recognised();
        RecognizedFile.FoundHead head = found.heads(512).get(0);
        assertEquals("", head.form());
        assertEquals("0 Linear 512 -> 100, 2 Linear 100 -> 64", head.shapes());
    }

    @Test
    void aNormTooManyMakesItAnotherHead() {
        var head = Heads.regression(Head.Form.RELEASED, 4, 512, 64);
        NamedShapes file = new NamedShapes().with(Network.RESNET18, "").with(head, "predict_q.module.");
        for (String tensor : new String[] {"weight", "bias", "running_mean", "running_var"}) {
            file.with("predict_q.module.8." + tensor, 64);
        }
        assertEquals("", file.recognised().heads().get(0).form());
    }

    @Test
    void momentumOfARunIsNoNetworkAndNoHead() {
        var head = Heads.regression(Head.Form.RELEASED, 2, 512, 64);
        RecognizedFile found = new NamedShapes()
                .with(Network.RESNET18, "backbone.")
                .with(head, "head0.")
                .with(head, "head1.")
                .with(Network.RESNET18, "momentum.backbone.")
                .with(head, "momentum.head0.")
                .recognised();
        assertEquals(1, found.networks().size());
        assertEquals(
                List.of("head0.", "head1."),
                found.heads(512).stream().map(RecognizedFile.FoundHead::prefix).toList());
    }

    @Test
    void whatNearlyFitsIsNamedWithWhatIsMissing() {
        NamedShapes file = new NamedShapes().with(Network.RESNET34, "module.");
        RecognizedFile found = file.without("module.layer3.5.bn2.bias").recognised();
        assertEquals(Network.RESNET34, found.nearest().orElseThrow().name());
        UserError error = assertThrows(UserError.class, () -> found.network(PartRequest.ANY, "x.pth", n -> {}));
        assertTrue(error.getMessage().contains("1 missing (layer3.5.bn2.bias)"), error::getMessage);
    }

    @Test
    void aTeacherThatIsNotThereIsRefusedWithWhatIs() {
        RecognizedFile found =
                new NamedShapes().with(Network.RESNET18, "backbone.").recognised();
        UserError error = assertThrows(UserError.class, () -> found.network(TEACHER, "x.pth", n -> {}));
        assertTrue(error.getMessage().contains("resnet18, raw at 'backbone.'"), error::getMessage);
    }

    private static RecognizedFile authors(NetworkGraph head) {
        return new NamedShapes()
                .with(Network.RESNET18, "encoder_q.module.")
                .with(Network.RESNET50, "encoder_t.module.")
                .with(head, "predict_q.module.")
                .recognised();
    }
}
