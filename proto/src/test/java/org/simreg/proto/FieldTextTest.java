package org.simreg.proto;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import com.google.protobuf.Descriptors.FieldDescriptor;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class FieldTextTest {
    private static final FieldDescriptor LR = Optimization.getDescriptor().findFieldByName("lr");
    private static final FieldDescriptor SEED = Job.getDescriptor().findFieldByName("seed");
    private static final FieldDescriptor EXACT = Job.getDescriptor().findFieldByName("exact");
    private static final FieldDescriptor K = Evaluation.getDescriptor().findFieldByName("k");
    private static final FieldDescriptor EPOCHS = Optimization.getDescriptor().findFieldByName("epochs");
    private static final FieldDescriptor POLICY = Views.getDescriptor().findFieldByName("policy");

    private static String refusal(FieldDescriptor field, String text) {
        return assertThrows(UserError.class, () -> FieldText.parseAll(field, text))
                .getMessage();
    }

    @ParameterizedTest
    @ValueSource(doubles = {0, 1e-4, 0.05, 0.1, 1, 1000, 1.0 / 3, 5e-324, 1.7e308})
    void aNumberReadsBackToTheSameBits(double value) {
        assertEquals(value, FieldText.parse(LR, FieldText.text(LR, value)));
    }

    @Test
    void theLargestSeedReadsBack() {
        assertEquals("18446744073709551615", FieldText.text(SEED, -1L));
        assertEquals(-1L, FieldText.parse(SEED, "18446744073709551615"));
    }

    @ParameterizedTest
    @ValueSource(strings = {"same-weak", "SAME_WEAK", "Same-Weak", "same_weak"})
    void anEnumMayBeWrittenInAnyCase(String text) {
        assertEquals(Views.Policy.SAME_WEAK.getValueDescriptor(), FieldText.parse(POLICY, text));
    }

    @Test
    void anUnknownEnumValueIsAnsweredWithTheListAndTheNearest() {
        assertEquals(
                "'same-week' is not one of same-weak, same-strong, weak-weak, weak-strong,"
                        + " strong-strong; did you mean same-weak?",
                refusal(POLICY, "same-week"));
    }

    @ParameterizedTest
    @ValueSource(strings = {"ten", "", "1.5", "0x10", "1_000", "1e999999999", "NaN"})
    void whatIsNoWholeNumberIsQuoted(String text) {
        assertEquals("'" + text + "' is not a whole number", refusal(EPOCHS, text));
    }

    @ParameterizedTest
    @CsvSource({"-1", "4294967296", "1e12"})
    void aWholeNumberThatDoesNotFitNamesTheBounds(String text) {
        assertEquals(text + " is not a whole number from 0 to 4294967295", refusal(EPOCHS, text));
    }

    @ParameterizedTest
    @ValueSource(strings = {"much", "NaN", "Infinity", "0x1p3", "1d"})
    void whatIsNoNumberIsQuoted(String text) {
        assertEquals("'" + text + "' is not a number", refusal(LR, text));
    }

    @Test
    void aNumberBeyondDoubleIsRefused() {
        assertEquals("1e400 is too large a number", refusal(LR, "1e400"));
    }

    @Test
    void truthIsTrueOrFalse() {
        assertEquals(true, FieldText.parse(EXACT, "true"));
        assertEquals("'yes' is neither true nor false", refusal(EXACT, "yes"));
    }

    @Test
    void aListIsSeparatedByCommas() {
        assertEquals(List.of(1, 20, 200), FieldText.parseAll(K, "1, 20,200"));
        assertEquals("'' is not a whole number", refusal(K, "1,"));
    }
}
