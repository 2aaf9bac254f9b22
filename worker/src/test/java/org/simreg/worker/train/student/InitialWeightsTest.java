package org.simreg.worker.train.student;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.List;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.simreg.proto.Head;
import org.simreg.proto.Network;
import org.simreg.worker.engine.torchscript.StudentNetwork;
import org.simreg.worker.engine.torchscript.StudentState;
import org.simreg.worker.network.Heads;
import org.simreg.worker.network.NetworkGraph;
import org.simreg.worker.network.family.Networks;

/** Tests of initial weights against the deviations that torchvision's and timm's code gives them. */
class InitialWeightsTest {
    @ParameterizedTest
    @CsvSource({
        "CONVNEXT_ATTO, stages.3.blocks.0.mlp.fc1.weight, 0.02",
        "CONVNEXT_TINY, stages.3.blocks.0.mlp.fc1.weight, 0.02",
        "CONVNEXT_TINY, stages.3.blocks.0.conv_dw.weight, 0.02",
        "CONVNEXT_TINY, stages.0.blocks.0.gamma, 1e-6",
        "EFFICIENTNET_B0, conv_head.weight, 0.03953",
        "EFFICIENTNET_B0, blocks.6.0.conv_dw.weight, 0.4714",
        "EFFICIENTNET_B0, blocks.6.0.se.conv_reduce.bias, 0",
        "MOBILENETV3_LARGE, features.15.block.1.0.weight, 0.00913",
        "MOBILENETV3_LARGE_TIMM, blocks.5.2.conv_dw.weight, 0.2828",
        "MOBILENETV4_CONV_SMALL, conv_head.weight, 0.03953"
    })
    void theDeviationIsTheLibrarys(Network name, String tensor, double deviation) {
        NetworkGraph network = Networks.backbone(name);
        StudentNetwork trained = StudentNetwork.regression(
                network, List.of(Heads.regression(Head.Form.LINEAR, 1, network.outputs(), 8)));
        StudentState state = InitialWeights.of(trained, 3);
        float[] values = trained.parameters().get(state.weights(), StudentNetwork.BACKBONE + tensor);
        double square = 0;
        for (float value : values) {
            square += (double) value * value;
        }
        assertEquals(deviation, Math.sqrt(square / values.length), 0.03 * deviation);
    }
}
