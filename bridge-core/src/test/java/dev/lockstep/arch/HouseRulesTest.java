package dev.lockstep.arch;

import static com.tngtech.archunit.base.DescribedPredicate.describe;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.fields;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noFields;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noMethods;
import static com.tngtech.archunit.library.GeneralCodingRules.NO_CLASSES_SHOULD_ACCESS_STANDARD_STREAMS;
import static com.tngtech.archunit.library.GeneralCodingRules.NO_CLASSES_SHOULD_USE_JAVA_UTIL_LOGGING;
import static org.assertj.core.api.Assertions.assertThat;

import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.domain.JavaModifier;
import java.io.ObjectInputStream;
import java.lang.reflect.AccessibleObject;
import java.util.Collection;
import java.util.Map;
import java.util.concurrent.locks.Lock;
import org.jspecify.annotations.NullMarked;
import org.junit.jupiter.api.Test;

/** Rules that hold in every package of this module. */
class HouseRulesTest {
  private final JavaClasses classes = ProductionCode.CLASSES;

  @Test
  void noStaticFieldCanBeAssigned() {
    fields().that().areStatic().and(isNotSynthetic()).should().beFinal().check(classes);
  }

  @Test
  void noStaticFieldHoldsStateThatChanges() {
    noFields()
        .that()
        .areStatic()
        .and(isNotSynthetic())
        .should()
        .haveRawType(describe("something that changes", HouseRulesTest::changes))
        .check(classes);
  }

  private static boolean changes(JavaClass type) {
    String name = type.getName();
    return name.startsWith("java.util.concurrent.atomic.")
        || type.isAssignableTo(Lock.class)
        || type.isAssignableTo(ThreadLocal.class)
        || type.isAssignableTo(Thread.class)
        || type.isAssignableTo(ClassValue.class)
        || (type.isAssignableTo(Map.class) && !type.isEquivalentTo(Map.class))
        || (type.isAssignableTo(Collection.class)
            && !name.equals("java.util.List")
            && !name.equals("java.util.Set"));
  }

  @Test
  void nothingIsSynchronized() {
    noMethods().should().haveModifier(JavaModifier.SYNCHRONIZED).check(classes);
  }

  @Test
  void nothingUsesUnsafeOrOpensTheJdk() {
    noClasses()
        .should()
        .dependOnClassesThat()
        .resideInAnyPackage("sun..", "jdk.internal..")
        .check(classes);
    noClasses()
        .should()
        .callMethod(AccessibleObject.class, "setAccessible", boolean.class)
        .check(classes);
  }

  @Test
  void nothingReadsSerializedObjects() {
    noClasses()
        .should()
        .dependOnClassesThat()
        .areAssignableTo(ObjectInputStream.class)
        .check(classes);
  }

  @Test
  void nothingPrintsOrLogsByJavaUtilLogging() {
    NO_CLASSES_SHOULD_ACCESS_STANDARD_STREAMS.check(classes);
    NO_CLASSES_SHOULD_USE_JAVA_UTIL_LOGGING.check(classes);
  }

  @Test
  void everyPackageSaysThatNothingIsNull() {
    assertThat(classes.stream().map(JavaClass::getPackage).distinct())
        .isNotEmpty()
        .allSatisfy(
            it ->
                assertThat(it.isAnnotatedWith(NullMarked.class))
                    .as("package-info of %s with @NullMarked", it.getName())
                    .isTrue());
  }

  private static com.tngtech.archunit.base.DescribedPredicate<
          com.tngtech.archunit.core.domain.JavaField>
      isNotSynthetic() {
    return describe("not synthetic", it -> !it.getModifiers().contains(JavaModifier.SYNTHETIC));
  }
}
