package org.simreg.worker.network;

import static org.junit.jupiter.api.Assertions.assertEquals;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.simreg.proto.Network;
import org.simreg.worker.network.family.Networks;

class ComputeCostTest {
    /** Billions of multiplications at 224 px with 1,000 classes as torchvision's and timm's documents list them. */
    @ParameterizedTest
    @CsvSource({
        "RESNET18, 1000, 1.814",
        "RESNET50, 1000, 4.089",
        "RESNET101, 1000, 7.801",
        "MOBILENET_V2, 1000, 0.301",
        "DINO_VITS16, 0, 4.61",
        "DINO_VITB16, 0, 17.58"
    })
    void theCountIsTheLibrariesOwn(Network name, int classes, double billions) {
        NetworkGraph network = classes > 0 ? Networks.classifier(name, classes) : Networks.backbone(name);
        assertEquals(billions, ComputeCost.multiplications(network, 224) / 1e9, 0.01 * billions);
    }
}
