package org.simreg.worker.weights.checkpoint;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.simreg.proto.Network;
import org.simreg.proto.UserError;
import org.simreg.worker.network.NetworkGraph;
import org.simreg.worker.network.Weight;
import org.simreg.worker.network.family.Networks;
import org.simreg.worker.weights.part.PartRequest;
import org.simreg.worker.weights.part.PartRole;
import org.simreg.worker.weights.tensor.DType;
import org.simreg.worker.weights.tensor.HostTensor;
import org.simreg.worker.weights.tensor.LazyTensor;
import org.simreg.worker.weights.tensor.StateDict;

/** Which of the networks in a training checkpoint is meant, by the key names of real projects. */
class PartOrderTest {
    private static final NetworkGraph RESNET18 = Networks.backbone(Network.RESNET18);

    private final Map<String, LazyTensor> tensors = new LinkedHashMap<>();
    private final List<String> notes = new ArrayList<>();

    @ParameterizedTest(name = "{0}")
    @CsvSource({
        "MoCo v1 and v2, module.encoder_q. module.encoder_k., module.encoder_q., momentum",
        "MoCo v3, module.base_encoder. module.momentum_encoder., module.base_encoder., momentum",
        "DINO, student.module.backbone. teacher.backbone., teacher.backbone., student",
        "iBOT, student.module.backbone. teacher.module.backbone., teacher.module.backbone., student",
        "BYOL, online_network.encoder. target_network.encoder., online_network.encoder., momentum",
        "BYOL of mmselfsup, online_net.0. target_net.module.0., online_net.0., momentum",
        "mmselfsup's MoCo, backbone. encoder_k.0., backbone., momentum",
        "solo-learn, backbone. momentum_backbone., backbone., momentum",
        "solo-learn before 1.0.4, encoder. momentum_encoder., encoder., momentum",
        "lightly, backbone. backbone_momentum., backbone., momentum",
        "lightly's DINO, student_backbone. teacher_backbone., teacher_backbone., student",
        "lightly train, teacher_embedding_model.wrapped_model._model. student_embedding_model.wrapped_model._model.,"
                + " teacher_embedding_model.wrapped_model._model., student",
        "VISSL's MoCo, classy_state_dict.base_model.model.trunk._feature_blocks."
                + " classy_state_dict.loss.moco_encoder.trunk._feature_blocks.,"
                + " classy_state_dict.base_model.model.trunk._feature_blocks., momentum",
        "timm, state_dict. state_dict_ema., state_dict_ema., raw",
        "torchvision, model. model_ema.module., model_ema.module., raw",
        "Lightning, model. ema_model.module., ema_model.module., raw",
        "SWA, model. swa_model.module., swa_model.module., raw",
        "ema-pytorch, ema.online_model. ema.ema_model., ema.ema_model., base",
        "plain, student. teacher., teacher., student",
        "compiled parts, _orig_mod.backbone. ema._orig_mod.backbone., ema._orig_mod.backbone., raw",
    })
    void theOneThatTheProjectsOwnLoaderTakes(String project, String prefixes, String taken, String other) {
        List<String> all = Arrays.asList(prefixes.split(" "));
        for (String prefix : all) {
            with(Network.RESNET18, prefix, prefix.equals(taken) ? 2 : 1);
        }
        assertEquals(2, conv1(PartRequest.ANY));
        assertEquals(1, notes.size(), notes::toString);
        String left = all.get(1 - all.indexOf(taken));
        assertTrue(notes.get(0).contains("'" + taken + "'"), notes::toString);
        assertTrue(notes.get(0).contains("'" + left + "'"), notes::toString);
        assertEquals(1, conv1(new PartRequest(other, "--part")), "by its role");
        assertEquals(1, conv1(new PartRequest(left, "--part")), "by its prefix");
        String outer = left.substring(0, left.indexOf('.'));
        if (!taken.startsWith(outer + ".")) {
            assertEquals(1, conv1(new PartRequest(outer, "--part")), "by the beginning of its prefix");
        }
        assertEquals(1, notes.size(), "what is asked for needs no note");
    }

    @Test
    void mmengineHasTheAverageWhereTheWeightsWere() {
        with(Network.RESNET18, "state_dict.backbone.", 2);
        with(Network.RESNET18, "ema_state_dict.module.backbone.", 1);
        tensors.put("ema_state_dict.steps", constant(3));
        assertEquals(2, conv1(PartRequest.ANY));
        assertTrue(notes.get(0).contains("taken is the average at 'state_dict.backbone.'"), notes::toString);
    }

    @Test
    void anotherNetworkBesideItIsNoTie() {
        with(Network.RESNET50, "teacher.", 1);
        with(Network.RESNET18, "student.", 2);
        assertEquals(2, conv1(PartRequest.ANY));
        assertEquals(List.of(), notes);
    }

    @Test
    void whereNoNetworkIsNamedTheTrainedOneGoesBeforeItsTeacher() {
        with(Network.RESNET50, "teacher.", 1);
        with(Network.RESNET18, "student.", 2);
        RecognizedFile.FoundNetwork found =
                NetworkRecognizer.of(new StateDict(tensors)).network(PartRequest.ANY, "x.pth", notes::add);
        assertEquals(Network.RESNET18, found.name());
        assertEquals(
                "x.pth also holds resnet50, teacher at 'teacher.'; taken is resnet18, student at 'student.' (--part chooses)",
                notes.get(0));
    }

    @Test
    void twoAveragesAreATie() {
        with(Network.RESNET18, "model.", 1);
        with(Network.RESNET18, "ema_999.", 2);
        with(Network.RESNET18, "ema_9999.", 3);
        UserError refused = assertThrows(UserError.class, () -> conv1(PartRequest.ANY));
        assertTrue(refused.getMessage().endsWith("choose by --part ema_999 or ema_9999"), refused::getMessage);
        assertEquals(3, conv1(new PartRequest("ema_9999", "--part")));
    }

    @Test
    void aPartThatIsNotThereIsRefusedWithThoseThatAre() {
        with(Network.RESNET18, "model.", 1);
        with(Network.RESNET18, "ema.", 2);
        UserError refused = assertThrows(UserError.class, () -> conv1(new PartRequest("teacher", "--teacher-part")));
        assertEquals(
                "Can't find the part 'teacher' for resnet18 in x.pth: it holds raw at 'model.', average at 'ema.'; choose by --teacher-part raw or average",
                refused.getMessage());
    }

    @Test
    void wrappersInsideANameAreSeenThrough() {
        for (Weight weight : RESNET18.weights()) {
            String name = weight.name().replaceFirst("^layer(\\d)\\.", "layer$1._orig_mod.module.");
            tensors.put("net.module." + name, constant(2, weight.shape()));
        }
        assertEquals(2, conv1(PartRequest.ANY));
    }

    @Test
    void aRunsMomentumIsNoNetwork() {
        with(Network.RESNET18, "backbone.", 2);
        with(Network.RESNET18, "momentum.backbone.", 1);
        assertEquals(2, conv1(PartRequest.ANY));
        assertEquals(List.of(), notes);
    }

    @ParameterizedTest
    @CsvSource({"layer1.conv1., RAW", "target_encoder., MOMENTUM", "schema.net., RAW", "EMA.model., AVERAGE"})
    void rolesAreWholeWords(String prefix, PartRole role) {
        assertEquals(role, PartRole.of(prefix));
    }

    private void with(Network network, String prefix, float value) {
        for (Weight weight : Networks.backbone(network).weights()) {
            tensors.put(prefix + weight.name(), constant(value, weight.shape()));
        }
    }

    private static LazyTensor constant(float value, long... shape) {
        return new LazyTensor(DType.FLOAT32, shape, () -> {
            float[] values = new float[(int) HostTensor.count(shape)];
            Arrays.fill(values, value);
            return HostTensor.of(values, shape).data();
        });
    }

    private float conv1(PartRequest asked) {
        StateDict found = NetworkFit.find(new StateDict(tensors), RESNET18, asked, "x.pth", notes::add)
                .weights();
        return found.get("conv1.weight").floats()[0];
    }
}
